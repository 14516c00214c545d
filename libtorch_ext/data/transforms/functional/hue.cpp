#include <ATen/Functions.h>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/color.h"
#include "libtorch_ext/data/transforms/functional/values.h"

namespace torch_ext::transforms::functional {

namespace {

struct Hsv {
  at::Tensor hue, saturation, value;  // [..., H, W], each in [0, 1]
};

Hsv to_hsv(const at::Tensor& image) {
  const at::Tensor red = image.select(-3, 0);
  const at::Tensor green = image.select(-3, 1);
  const at::Tensor blue = image.select(-3, 2);
  const at::Tensor largest = image.amax(-3);
  const at::Tensor range = largest.sub(image.amin(-3));
  const at::Tensor is_grey = range.eq(0);
  const at::Tensor divisor = range.masked_fill(is_grey, 1);
  const auto distance = [&](const at::Tensor& channel) { return largest.sub(channel).div_(divisor); };
  const at::Tensor from_red = distance(red);
  const at::Tensor from_green = distance(green);
  const at::Tensor from_blue = distance(blue);
  const at::Tensor sector =
      at::where(largest.eq(red), from_blue.sub(from_green),
                at::where(largest.eq(green), from_red.add(2).sub_(from_blue), from_green.add(4).sub_(from_red)));
  return {sector.div(6).add_(1).fmod_(1), range.div(largest.masked_fill(is_grey, 1)), largest};
}

at::Tensor to_rgb(const Hsv& hsv) {
  const at::Tensor scaled = hsv.hue.mul(6);
  const at::Tensor floor = scaled.floor();
  const at::Tensor part = scaled.sub(floor);
  const at::Tensor sector = floor.to(at::kLong).remainder(6);
  const auto shade = [&](const at::Tensor& amount) {
    return hsv.value.mul(at::rsub(hsv.saturation.mul(amount), 1)).clamp_(0, 1);
  };
  const at::Tensor& v = hsv.value;
  const at::Tensor p = shade(at::ones_like(part));
  const at::Tensor q = shade(part);
  const at::Tensor t = shade(at::rsub(part, 1));
  const auto pick = [&](at::TensorList sectors) {
    return at::stack(sectors).gather(0, sector.unsqueeze(0)).squeeze(0);
  };
  return at::stack({pick({v, q, p, p, t, v}), pick({t, v, v, q, p, p}), pick({p, p, t, v, v, q})}, -3);
}

}  // namespace

at::Tensor adjust_hue(const at::Tensor& image, double factor) {
  check_channels("adjust_hue", image, {1, 3});
  TORCH_CHECK_VALUE(factor >= -0.5 && factor <= 0.5, "adjust_hue: the factor is ", factor,
                    "; expected a number in [-0.5, 0.5]");
  if (image.size(-3) == 1) return image;
  Hsv hsv = to_hsv(convert_image_dtype(image, at::kFloat));
  hsv.hue = hsv.hue.add(factor).remainder_(1);
  return convert_image_dtype(to_rgb(hsv), image.scalar_type());
}

}  // namespace torch_ext::transforms::functional

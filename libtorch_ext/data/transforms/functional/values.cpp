#include "libtorch_ext/data/transforms/functional/values.h"

#include <ATen/Functions.h>

#include <cmath>

#include "libtorch_ext/data/transforms/functional/check.h"

namespace torch_ext::transforms::functional {

at::Tensor to_tensor(const at::Tensor& image) {
  check_image("to_tensor", image);
  return image.scalar_type() == at::kByte ? image.to(at::kFloat).div_(255) : image;
}

at::Tensor convert_image_dtype(const at::Tensor& image, at::ScalarType dtype) {
  check_image("convert_image_dtype", image);
  const at::ScalarType from = image.scalar_type();
  if (from == dtype) return image;
  const bool to_floating = at::isFloatingType(dtype);
  if (image.is_floating_point()) {
    if (to_floating) return image.to(dtype);
    TORCH_CHECK_VALUE(!(from == at::kFloat && (dtype == at::kInt || dtype == at::kLong)) &&
                          !(from == at::kDouble && dtype == at::kLong),
                      "convert_image_dtype: the image is ", from, " and dtype ", dtype,
                      "; expected an integer type whose numbers a ", from, " can tell apart");
    const double almost_one = 1 - 1e-3;  // each integer gets an equal share of [0, 1], and 1 the last
    return image.mul(max_value(dtype) + almost_one).to(dtype);
  }
  if (to_floating) return image.to(dtype).div_(max_value(from));
  const double ratio = (max_value(from) + 1) / (max_value(dtype) + 1);
  if (ratio > 1) return at::div(image, static_cast<int64_t>(ratio), "floor").to(dtype);
  return image.to(dtype).mul_(static_cast<int64_t>((max_value(dtype) + 1) / (max_value(from) + 1)));
}

namespace {

at::Tensor per_channel(const char* name, std::span<const double> values, const at::Tensor& image) {
  const auto count = static_cast<int64_t>(values.size());
  TORCH_CHECK_VALUE(count == 1 || count == image.size(-3), "normalize: ", name, " has ", count,
                    " values; expected one for each of the image's ", image.size(-3), " channels, or one for all");
  return at::tensor(c10::ArrayRef<double>(values.data(), values.size()), image.options()).view({-1, 1, 1});
}

}  // namespace

at::Tensor normalize(const at::Tensor& image, std::span<const double> mean, std::span<const double> std) {
  check_image("normalize", image);
  TORCH_CHECK_VALUE(image.dim() >= 3, "normalize: the image is ", image.sizes(), "; expected [C, H, W]");
  TORCH_CHECK_VALUE(image.is_floating_point(), "normalize: the image is ", image.scalar_type(),
                    "; expected floating point (ToTensor or ConvertImageDtype makes it so)");
  const at::Tensor divisor = per_channel("std", std, image);
  TORCH_CHECK_VALUE(!divisor.eq(0).any().item<bool>(), "normalize: std is 0 as ", image.scalar_type(),
                    "; expected numbers other than 0");
  return image.sub(per_channel("mean", mean, image)).div_(divisor);
}

at::Tensor erase(const at::Tensor& image, const Box& box, const at::Tensor& value) {
  check_image("erase", image);
  TORCH_CHECK_VALUE(box.top >= 0 && box.left >= 0 && box.height >= 0 && box.width >= 0 &&
                        box.top <= image.size(-2) - box.height && box.left <= image.size(-1) - box.width,
                    "erase: the box is ", box.height, " x ", box.width, " at row ", box.top, ", column ", box.left,
                    "; expected a part of the image ", image.sizes());
  at::Tensor result = image.clone();
  result.narrow(-2, box.top, box.height).narrow(-1, box.left, box.width).copy_(value);
  return result;
}

}  // namespace torch_ext::transforms::functional

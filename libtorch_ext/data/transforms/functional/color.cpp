#include "libtorch_ext/data/transforms/functional/color.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <limits>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/values.h"

namespace torch_ext::transforms::functional {

namespace {

void check_factor(const char* subject, const at::Tensor& image, double factor) {
  check_channels(subject, image, {1, 3});
  TORCH_CHECK_VALUE(factor >= 0, subject, ": the factor is ", factor, "; expected a number of at least 0");
}

void check_uint8(const char* subject, const at::Tensor& image) {
  check_channels(subject, image, {1, 3});
  TORCH_CHECK_VALUE(image.scalar_type() == at::kByte, subject, ": the image is ", image.scalar_type(),
                    "; expected Byte (uint8)");
}

}  // namespace

at::Tensor blend(const at::Tensor& image, const at::Tensor& other, double ratio) {
  return image.mul(ratio).add_(other.mul(1 - ratio)).clamp_(0, max_value(image.scalar_type())).to(image.scalar_type());
}

at::Tensor rgb_to_grayscale(const at::Tensor& image, int64_t num_output_channels) {
  check_channels("rgb_to_grayscale", image, {1, 3});
  TORCH_CHECK_VALUE(num_output_channels == 1 || num_output_channels == 3, "rgb_to_grayscale: num_output_channels is ",
                    num_output_channels, "; expected 1 or 3");
  at::Tensor grey = image;
  if (image.size(-3) == 3) {
    const auto weighted = [&](int64_t channel, double weight) { return image.select(-3, channel).mul(weight); };
    grey = weighted(0, 0.2989).add_(weighted(1, 0.587)).add_(weighted(2, 0.114)).to(image.scalar_type()).unsqueeze(-3);
  }
  if (num_output_channels == 1) return grey;
  std::vector<int64_t> shape = grey.sizes().vec();
  shape[shape.size() - 3] = 3;
  return grey.expand(shape);
}

at::Tensor adjust_brightness(const at::Tensor& image, double factor) {
  check_factor("adjust_brightness", image, factor);
  return blend(image, at::zeros_like(image), factor);
}

at::Tensor adjust_contrast(const at::Tensor& image, double factor) {
  check_factor("adjust_contrast", image, factor);
  return blend(image, to_float(rgb_to_grayscale(image)).mean({-3, -2, -1}, true), factor);
}

at::Tensor adjust_saturation(const at::Tensor& image, double factor) {
  check_factor("adjust_saturation", image, factor);
  return image.size(-3) == 1 ? image : blend(image, rgb_to_grayscale(image), factor);
}

at::Tensor adjust_gamma(const at::Tensor& image, double gamma, double gain) {
  check_channels("adjust_gamma", image, {1, 3});
  TORCH_CHECK_VALUE(gamma >= 0, "adjust_gamma: gamma is ", gamma, "; expected a number of at least 0");
  const at::Tensor pixels = image.is_floating_point() ? image : convert_image_dtype(image);
  return convert_image_dtype(pixels.pow(gamma).mul_(gain).clamp_(0, 1), image.scalar_type());
}

at::Tensor invert(const at::Tensor& image) {
  check_channels("invert", image, {1, 3});
  if (image.scalar_type() == at::kLong) return at::rsub(image, std::numeric_limits<int64_t>::max());
  return at::rsub(image, static_cast<int64_t>(max_value(image.scalar_type())));
}

at::Tensor posterize(const at::Tensor& image, int64_t bits) {
  check_uint8("posterize", image);
  TORCH_CHECK_VALUE(bits >= 0 && bits <= 8, "posterize: bits is ", bits, "; expected a number from 0 to 8");
  return image.bitwise_and(0xff & ~((1 << (8 - bits)) - 1));
}

at::Tensor solarize(const at::Tensor& image, double threshold) {
  check_channels("solarize", image, {1, 3});
  const double white = max_value(image.scalar_type());
  TORCH_CHECK_VALUE(threshold <= white, "solarize: threshold is ", threshold, "; expected at most the image's white, ",
                    white);
  return at::where(image.ge(threshold), invert(image), image);
}

at::Tensor autocontrast(const at::Tensor& image) {
  check_channels("autocontrast", image, {1, 3});
  const double white = max_value(image.scalar_type());
  const at::Tensor darkest = to_float(image.amin({-2, -1}, true));
  const at::Tensor brightest = to_float(image.amax({-2, -1}, true));
  const at::Tensor scale = brightest.sub(darkest).reciprocal_().mul_(white);
  const at::Tensor stretches = scale.isfinite();
  const at::Tensor low = at::where(stretches, darkest, at::zeros_like(darkest));
  const at::Tensor factor = at::where(stretches, scale, at::ones_like(scale));
  return image.sub(low).mul_(factor).clamp_(0, white).to(image.scalar_type());
}

namespace {

at::Tensor equalized(const at::Tensor& channel) {
  const at::Tensor counts = at::bincount(channel.reshape(-1), {}, 256).cpu();
  const int64_t* count = counts.const_data_ptr<int64_t>();
  int64_t last = 255;
  while (last > 0 && count[last] == 0) --last;
  const int64_t step = (channel.numel() - count[last]) / 255;
  if (step == 0) return channel;
  at::Tensor table = at::empty({256}, at::kByte);
  int64_t below = step / 2;
  for (int64_t level = 0; level < 256; ++level) {
    table.mutable_data_ptr<uint8_t>()[level] = static_cast<uint8_t>(std::min<int64_t>(level ? below / step : 0, 255));
    below += count[level];
  }
  return table.to(channel.device()).index_select(0, channel.reshape(-1).to(at::kLong)).view(channel.sizes());
}

}  // namespace

at::Tensor equalize(const at::Tensor& image) {
  check_uint8("equalize", image);
  TORCH_CHECK_VALUE(image.numel() > 0, "equalize: the image is ", image.sizes(), "; expected pixels");
  const at::Tensor channels = image.reshape({-1, image.size(-2), image.size(-1)});
  std::vector<at::Tensor> results;
  for (int64_t i = 0; i < channels.size(0); ++i) results.push_back(equalized(channels[i]));
  return at::stack(results).view(image.sizes());
}

}  // namespace torch_ext::transforms::functional

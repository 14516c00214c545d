#include "libtorch_ext/data/transforms/functional/filter.h"

#include <ATen/Functions.h>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/color.h"

namespace torch_ext::transforms::functional {

namespace {

at::Tensor gaussian_kernel(int64_t size, double sigma, const at::TensorOptions& options) {
  const double half = static_cast<double>(size - 1) * 0.5;
  const at::Tensor weights = at::linspace(-half, half, size, options).div_(sigma).pow(2).mul_(-0.5).exp_();
  return weights.div(weights.sum());
}

// The same filter [height, width] on every channel of [..., C, H, W], where it fits.
at::Tensor filtered(const at::Tensor& image, const at::Tensor& filter) {
  const int64_t channels = image.size(1);
  return at::conv2d(image, filter.expand({channels, 1, filter.size(0), filter.size(1)}), {}, at::IntArrayRef{1},
                    at::IntArrayRef{0}, at::IntArrayRef{1}, channels);
}

at::Tensor as_batch(const at::Tensor& image) {
  return to_float(image).reshape({-1, channels_of(image), image.size(-2), image.size(-1)});
}

}  // namespace

at::Tensor gaussian_blur(const at::Tensor& image, std::array<int64_t, 2> kernel_size,
                         std::optional<std::array<double, 2>> sigma) {
  check_image("gaussian_blur", image);
  const auto [columns, rows] = kernel_size;
  TORCH_CHECK_VALUE(columns > 0 && columns % 2 == 1 && rows > 0 && rows % 2 == 1, "gaussian_blur: kernel_size is (",
                    columns, ", ", rows, "); expected odd numbers above 0");
  TORCH_CHECK_VALUE(columns / 2 < image.size(-1) && rows / 2 < image.size(-2), "gaussian_blur: kernel_size is (",
                    columns, ", ", rows, "); expected at most twice the image's width and height minus 1, ",
                    image.sizes());
  const std::array<double, 2> deviation = sigma.value_or(
      std::array<double, 2>{static_cast<double>(columns) * 0.15 + 0.35, static_cast<double>(rows) * 0.15 + 0.35});
  TORCH_CHECK_VALUE(deviation[0] > 0 && deviation[1] > 0, "gaussian_blur: sigma is (", deviation[0], ", ", deviation[1],
                    "); expected numbers above 0");
  const at::Tensor batch = as_batch(image);
  const at::Tensor kernel = at::mm(gaussian_kernel(rows, deviation[1], batch.options()).unsqueeze(1),
                                   gaussian_kernel(columns, deviation[0], batch.options()).unsqueeze(0));
  const at::Tensor padded = at::reflection_pad2d(batch, {columns / 2, columns / 2, rows / 2, rows / 2});
  return round_to(filtered(padded, kernel), image.scalar_type()).view(image.sizes());
}

at::Tensor adjust_sharpness(const at::Tensor& image, double factor) {
  check_channels("adjust_sharpness", image, {1, 3});
  TORCH_CHECK_VALUE(factor >= 0, "adjust_sharpness: the factor is ", factor, "; expected a number of at least 0");
  if (image.size(-1) <= 2 || image.size(-2) <= 2) return image;
  const at::Tensor batch = as_batch(image);
  at::Tensor filter = at::ones({3, 3}, batch.options());
  filter[1][1] = 5;
  filter.div_(filter.sum());
  at::Tensor blurred = image.clone();
  at::Tensor inside = blurred.narrow(-2, 1, image.size(-2) - 2).narrow(-1, 1, image.size(-1) - 2);
  inside.copy_(round_to(filtered(batch, filter), image.scalar_type()).view(inside.sizes()));
  return blend(image, blurred, factor);
}

}  // namespace torch_ext::transforms::functional

#include <ATen/Functions.h>

#include <algorithm>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/geometry.h"

namespace torch_ext::transforms::functional {

namespace {

// Positions before 0 and from `size` on, mirrored after the last pixel.
at::Tensor mirrored_positions(int64_t size, int64_t before, int64_t after) {
  TORCH_CHECK_VALUE(before <= size && after <= size, "pad: ", std::max(before, after),
                    " pixels are to be mirrored; the image has ", size, " in that direction");
  at::Tensor positions = at::arange(-before, size + after, at::kLong);
  int64_t* position = positions.data_ptr<int64_t>();
  for (int64_t i = 0; i < positions.numel(); ++i) {
    if (position[i] < 0) position[i] = -position[i] - 1;
    if (position[i] >= size) position[i] = 2 * size - 1 - position[i];
  }
  return positions;
}

at::Tensor pad_symmetric(const at::Tensor& image, const Padding& padding) {
  const auto taken = [](int64_t pixels) { return std::max<int64_t>(-pixels, 0); };
  const auto added = [](int64_t pixels) { return std::max<int64_t>(pixels, 0); };
  const at::Tensor part = image.slice(-2, taken(padding.top), image.size(-2) - taken(padding.bottom))
                              .slice(-1, taken(padding.left), image.size(-1) - taken(padding.right));
  const auto rows = mirrored_positions(part.size(-2), added(padding.top), added(padding.bottom));
  const auto columns = mirrored_positions(part.size(-1), added(padding.left), added(padding.right));
  return part.index_select(-2, rows.to(image.device())).index_select(-1, columns.to(image.device()));
}

}  // namespace

at::Tensor pad(const at::Tensor& image, const Padding& padding, double fill, PaddingMode padding_mode) {
  check_image("pad", image);
  if (padding_mode == PaddingMode::kSymmetric) return pad_symmetric(image, padding);
  const std::vector<int64_t> sides{padding.left, padding.right, padding.top, padding.bottom};
  const auto rest = [](int64_t size, int64_t before, int64_t after) { return size + before + after >= 0; };
  TORCH_CHECK_VALUE(
      rest(image.size(-1), padding.left, padding.right) && rest(image.size(-2), padding.top, padding.bottom),
      "pad: padding is ", to_text(padding), "; expected to take away no more than the image's ", image.sizes());
  if (padding_mode == PaddingMode::kConstant) return at::constant_pad_nd(image, sides, fill);
  const bool reflects = padding_mode == PaddingMode::kReflect;
  TORCH_CHECK_VALUE(!reflects || (std::max(padding.left, padding.right) < image.size(-1) &&
                                  std::max(padding.top, padding.bottom) < image.size(-2)),
                    "pad: padding is ", to_text(padding), "; expected less than the image's height and width, ",
                    image.sizes(), ", to reflect");
  const at::Tensor batch = image.reshape({-1, channels_of(image), image.size(-2), image.size(-1)});
  const bool exact = image.scalar_type() == at::kFloat || image.scalar_type() == at::kDouble;
  const at::Tensor pixels = exact ? batch : batch.to(at::kFloat);
  const at::Tensor padded = reflects ? at::reflection_pad2d(pixels, sides) : at::replication_pad2d(pixels, sides);
  std::vector<int64_t> shape = image.sizes().vec();
  shape[shape.size() - 2] = padded.size(-2);
  shape.back() = padded.size(-1);
  return padded.to(image.scalar_type()).reshape(shape);
}

}  // namespace torch_ext::transforms::functional

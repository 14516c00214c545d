#include "libtorch_ext/train/picture_shape.h"

#include "libtorch_ext/data/transforms/functional/geometry.h"

namespace torch_ext {
namespace {

using transforms::Size;

// Nothing where the step fails; then `size` is what it was given.
std::optional<Size> through(const TransformConfig& step, Size& size) {
  if (const auto* resize = std::get_if<ResizeConfig>(&step)) {
    return transforms::functional::resized_size(size.height, size.width, Size(resize->size));
  }
  if (const auto* crop = std::get_if<CenterCropConfig>(&step)) return Size(crop->size, crop->size);
  if (const auto* crop = std::get_if<RandomResizedCropConfig>(&step)) return Size(crop->size, crop->size);
  if (const auto* crop = std::get_if<RandomCropConfig>(&step)) {
    size = {size.height + 2 * crop->padding, size.width + 2 * crop->padding};
    const bool fits = crop->pad_if_needed || (size.height >= crop->size && size.width >= crop->size);
    return fits ? std::optional(Size(crop->size, crop->size)) : std::nullopt;
  }
  return size;
}

}  // namespace

SizeAfter size_after(const std::vector<TransformConfig>& steps, const Size& size) {
  Size now(size.height, size.width);
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto next = through(steps[i], now);
    if (!next) return {now, i};
    now = {next->height, next->width};
  }
  return {now, std::nullopt};
}

std::optional<Size> common_size_after(const std::vector<TransformConfig>& steps) {
  // Sides only grow with the picture's: what makes one of the smallest, a wide and a high one does so of all.
  constexpr int64_t kLong = 4096;
  const SizeAfter smallest = size_after(steps, {1, 1});
  if (smallest.failing_step) return std::nullopt;
  for (const Size& other : {Size(1, kLong), Size(kLong, 1)}) {
    if (size_after(steps, other).size != smallest.size) return std::nullopt;
  }
  return smallest.size;
}

int64_t channels_after(const std::vector<TransformConfig>& steps, int64_t channels) {
  for (const auto& step : steps) {
    if (const auto* grayscale = std::get_if<GrayscaleConfig>(&step)) channels = grayscale->num_output_channels;
  }
  return channels;
}

}  // namespace torch_ext

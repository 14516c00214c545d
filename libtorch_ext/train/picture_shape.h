#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/train/transform_config.h"

/// What a picture's shape becomes by transforms, told without a picture.
namespace torch_ext {

struct SizeAfter {
  transforms::Size size;
  /// The step that fails, a crop larger than the picture: `size` is what it is given, padding included.
  std::optional<size_t> failing_step;
};

SizeAfter size_after(const std::vector<TransformConfig>& steps, const transforms::Size& size);

/// The size with which pictures of every size come out; nothing where it depends on the picture, or a step may fail.
std::optional<transforms::Size> common_size_after(const std::vector<TransformConfig>& steps);

int64_t channels_after(const std::vector<TransformConfig>& steps, int64_t channels);

}  // namespace torch_ext

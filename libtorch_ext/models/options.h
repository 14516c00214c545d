#pragma once

#include <cstdint>

namespace torch_ext {

/// What every model of the zoo can be told.
struct ModelOptions {
  /// Length of the output: one score per class.
  int64_t num_classes = 1000;
  /// Channels of the input images: 3 for RGB, 1 for grey.
  int64_t in_channels = 3;
};

}  // namespace torch_ext

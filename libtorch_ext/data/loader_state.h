#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace torch_ext {

/// Where a loader stands; 0 < batch means in the middle of an epoch. Independent of the number of workers.
struct LoaderState {
  /// The generator's state before this epoch's order was drawn: uint8, Python's `generator.get_state()`. Between two
  /// epochs of a loader that draws from LibTorch's global generator: undefined.
  at::Tensor generator;
  int64_t epoch = 0;  ///< epochs that were begun before this one
  int64_t batch = 0;  ///< batches of this epoch that were handed out
};

}  // namespace torch_ext

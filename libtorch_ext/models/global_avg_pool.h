#pragma once

#include <torch/nn/modules/pooling.h>

#include "libtorch_ext/inspect/printed_as.h"

namespace torch_ext {

/// Python's `AdaptiveAvgPool2d(1)`, which prints `output_size=1`, not `(1, 1)`.
inline torch::nn::AdaptiveAvgPool2d global_avg_pool() {
  return torch::nn::AdaptiveAvgPool2d(printed_as(torch::nn::AdaptiveAvgPool2d(1), "output_size=1"));
}

}  // namespace torch_ext

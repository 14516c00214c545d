#pragma once

#include <ATen/core/Tensor.h>

namespace torch_ext {

/// The maximum of each 2 x 2 window: `torch::max_pool2d(x, 2)`, with the same numbers and gradients. For contiguous
/// float32 on the CPU, where ATen's kernel waits for mispredicted branches, it has none; other tensors are ATen's.
/// `x`: [N, C, H, W]; returns [N, C, H / 2, W / 2], rounded down.
at::Tensor max_pool_2x2(const at::Tensor& x);

}  // namespace torch_ext

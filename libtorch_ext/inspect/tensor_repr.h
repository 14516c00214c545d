#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace torch_ext {

/// What Python's `print(tensor)` shows, byte for byte, with its default print options; LibTorch's own `<<` prints
/// another layout. For dense tensors; others throw a `c10::ValueError`.
///
///     std::cout << tx::repr(torch::eye(2)) << '\n';
///     // tensor([[1., 0.],
///     //         [0., 1.]])
///     tx::repr(loss)   // tensor(2.3026, grad_fn=<NllLossBackward0>)
std::string repr(const at::Tensor& tensor);

}  // namespace torch_ext

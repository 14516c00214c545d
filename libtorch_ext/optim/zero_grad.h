#pragma once

#include <ATen/core/Tensor.h>

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// Python's `optimizer.zero_grad(set_to_none)`. LibTorch's own method throws where gradients are views, as they are
/// under `gradient_as_bucket_view`.
void zero_grad(torch::optim::Optimizer& optimizer, bool set_to_none = true);

/// The same for one parameter.
void zero_gradient(const at::Tensor& parameter, bool set_to_none = true);

}  // namespace torch_ext

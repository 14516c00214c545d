#include "libtorch_ext/optim/zero_grad.h"

#include <torch/optim/optimizer.h>

namespace torch_ext {

void zero_gradient(const at::Tensor& parameter, bool set_to_none) {
  at::Tensor& gradient = parameter.mutable_grad();
  if (!gradient.defined()) return;
  if (set_to_none) {
    gradient.reset();
  } else {
    gradient.requires_grad_(false).zero_();
  }
}

void zero_grad(torch::optim::Optimizer& optimizer, bool set_to_none) {
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& parameter : group.params()) zero_gradient(parameter, set_to_none);
  }
}

}  // namespace torch_ext

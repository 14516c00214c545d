#include "libtorch_ext/optim/zero_grad.h"

#include <torch/optim/optimizer.h>

namespace torch_ext {

void zero_grad(torch::optim::Optimizer& optimizer, bool set_to_none) {
  for (auto& group : optimizer.param_groups()) {
    for (auto& parameter : group.params()) {
      at::Tensor& gradient = parameter.mutable_grad();
      if (!gradient.defined()) continue;
      if (set_to_none) {
        gradient.reset();
      } else {
        gradient.requires_grad_(false).zero_();
      }
    }
  }
}

}  // namespace torch_ext

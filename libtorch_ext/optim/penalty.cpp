#include "libtorch_ext/optim/penalty.h"

#include <ATen/ATen.h>

#include <unordered_set>

#include "libtorch_ext/inspect/find.h"

namespace torch_ext {

at::Tensor l1_penalty(const std::vector<at::Tensor>& parameters, double weight) {
  std::unordered_set<const void*> seen;
  at::Tensor sum;
  for (const auto& parameter : parameters) {
    if (!seen.insert(parameter.unsafeGetTensorImpl()).second) continue;
    const at::Tensor magnitude = parameter.abs().sum();
    sum = sum.defined() ? sum + magnitude.to(sum.device()) : magnitude;
  }
  return sum.defined() ? weight * sum : at::zeros({});
}

at::Tensor l1_penalty(const torch::nn::Module& module, double weight, const std::string& glob) {
  const NamedTensors found = find_parameters(module, glob);
  TORCH_CHECK_VALUE(!found.is_empty(), "l1_penalty: found no parameter of a name like \"", glob,
                    "\", expected at least one");
  return l1_penalty(found.values(), weight);
}

}  // namespace torch_ext

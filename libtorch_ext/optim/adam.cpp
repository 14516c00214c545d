#include "libtorch_ext/optim/adam.h"

#include "libtorch_ext/optim/adam_family.h"

namespace torch_ext {

void AdamOptions::check() const { check_adam_family(*this); }

void AdamOptions::describe(OptimizerFields& fields) {
  describe_adam(fields, *this);
  fields.later_value("decoupled_weight_decay", decoupled_weight_decay());
}

bool AdamOptions::describe_entries(OptimizerFields& fields, torch::optim::AdamParamState& state) const {
  describe_adam_entries(fields, state, amsgrad());
  return true;
}

void Adam::update(at::Tensor& parameter, const at::Tensor& grad, const AdamOptions& options) {
  check_dense(grad);
  auto& state = state_of<torch::optim::AdamParamState>(parameter, [&](auto& fresh) {
    fresh.exp_avg(zeros_like(parameter));
    fresh.exp_avg_sq(zeros_like(parameter));
  });
  adam_update(parameter, grad, state, options, options.decoupled_weight_decay());
}

}  // namespace torch_ext

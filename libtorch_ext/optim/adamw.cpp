#include "libtorch_ext/optim/adamw.h"

#include "libtorch_ext/optim/adam_family.h"

namespace torch_ext {

void AdamWOptions::check() const { check_adam_family(*this); }

void AdamWOptions::describe(OptimizerFields& fields) {
  describe_adam(fields, *this);
  fields.hint("decoupled_weight_decay", true);  // as in Python, AdamW is AdamW whatever the file says
}

bool AdamWOptions::describe_entries(OptimizerFields& fields, torch::optim::AdamWParamState& state) const {
  describe_adam_entries(fields, state, amsgrad());
  return true;
}

void AdamW::update(at::Tensor& parameter, const at::Tensor& grad, const AdamWOptions& options) {
  check_dense(grad);
  auto& state = state_of<torch::optim::AdamWParamState>(parameter, [&](auto& fresh) {
    fresh.exp_avg(zeros_like(parameter));
    fresh.exp_avg_sq(zeros_like(parameter));
  });
  adam_update(parameter, grad, state, options, /*decoupled_weight_decay=*/true);
}

}  // namespace torch_ext

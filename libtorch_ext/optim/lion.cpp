#include "libtorch_ext/optim/lion.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {

void LionOptions::check() const {
  check_option(name(), "lr", lr());
  check_betas(name(), betas());
  check_option(name(), "weight_decay", weight_decay());
}

void LionOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("betas", betas());
  fields.value("weight_decay", weight_decay());
  fields.constant("caution", false);
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
}

bool LionOptions::describe_entries(OptimizerFields& fields, LionState& state) const {
  fields.tensor("exp_avg", state.exp_avg);
  return true;
}

void Lion::update(at::Tensor& given, const at::Tensor& given_grad, const LionOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<LionState>(given, [&](auto& fresh) { fresh.exp_avg = zeros_like(given); });
  const auto [beta1, beta2] = options.betas();
  const at::Tensor parameter = real_view(given), exp_avg = real_view(state.exp_avg);
  const at::Tensor grad = real_view(options.maximize() ? given_grad.neg() : given_grad);
  if (options.weight_decay() != 0) parameter.mul_(1 - options.lr() * options.weight_decay());
  parameter.add_(exp_avg.mul(beta1).add_(grad, 1 - beta1).sign_(), -options.lr());
  exp_avg.lerp_(grad, 1 - beta2);
}

}  // namespace torch_ext

#include "libtorch_ext/optim/adamax.h"

#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/optim/adam_family.h"

namespace torch_ext {

void AdamaxOptions::check() const { check_adam_family(*this); }

void AdamaxOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("betas", betas());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
  fields.hint("differentiable", false);
  fields.hint("capturable", false);
}

bool AdamaxOptions::describe_entries(OptimizerFields& fields, AdamaxState& state) const {
  fields.step(state.step);
  fields.tensor("exp_avg", state.exp_avg);
  fields.tensor("exp_inf", state.exp_inf);
  return true;
}

void Adamax::update(at::Tensor& parameter, const at::Tensor& given_grad, const AdamaxOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<AdamaxState>(parameter, [&](auto& fresh) {
    fresh.exp_avg = zeros_like(parameter);
    fresh.exp_inf = zeros_like(parameter);
  });
  const auto [beta1, beta2] = options.betas();
  const double step = static_cast<double>(++state.step);
  at::Tensor grad = options.maximize() ? given_grad.neg() : given_grad;
  if (options.weight_decay() != 0) grad = grad.add(parameter, options.weight_decay());
  grad = real_view(grad);
  const at::Tensor exp_avg = real_view(state.exp_avg);
  at::Tensor exp_inf = real_view(state.exp_inf);
  exp_avg.lerp_(grad, 1 - beta1);
  at::maximum_out(exp_inf, exp_inf.mul_(beta2), grad.abs().add_(options.eps()));
  real_view(parameter).addcdiv_(exp_avg, exp_inf, -(options.lr() / (1 - std::pow(beta1, step))));
}

}  // namespace torch_ext

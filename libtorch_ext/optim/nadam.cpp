#include "libtorch_ext/optim/nadam.h"

#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/optim/adam_family.h"

namespace torch_ext {

void NAdamOptions::check() const {
  check_adam_family(*this);
  check_option(name(), "momentum_decay", momentum_decay());
}

void NAdamOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("betas", betas());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.value("momentum_decay", momentum_decay());
  fields.later_value("decoupled_weight_decay", decoupled_weight_decay());
  fields.later_value("maximize", maximize());
  fields.hint("foreach", {});
  fields.hint("capturable", false);
  fields.hint("differentiable", false);
}

bool NAdamOptions::describe_entries(OptimizerFields& fields, NAdamState& state) const {
  fields.step(state.step);
  fields.scalar("mu_product", state.mu_product);
  fields.tensor("exp_avg", state.exp_avg);
  fields.tensor("exp_avg_sq", state.exp_avg_sq);
  return true;
}

void NAdam::update(at::Tensor& given, const at::Tensor& given_grad, const NAdamOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<NAdamState>(given, [&](auto& fresh) {
    fresh.mu_product = at::ones({}, at::kFloat);
    fresh.exp_avg = zeros_like(given);
    fresh.exp_avg_sq = zeros_like(given);
  });
  const auto [beta1, beta2] = options.betas();
  const double lr = options.lr();
  const double step = static_cast<double>(++state.step);
  const auto [parameter, grad, exp_avg, exp_avg_sq] = begin_adam_step(given, given_grad, state, options);
  const double mu = beta1 * (1.0 - 0.5 * std::pow(0.96, step * options.momentum_decay()));
  const double mu_next = beta1 * (1.0 - 0.5 * std::pow(0.96, (step + 1) * options.momentum_decay()));
  state.mu_product.mul_(mu);
  const double mu_product = state.mu_product.item<double>();
  const at::Tensor denominator = exp_avg_sq.div(1 - std::pow(beta2, step)).sqrt().add_(options.eps());
  parameter.addcdiv_(grad, denominator, -lr * (1.0 - mu) / (1.0 - mu_product));
  parameter.addcdiv_(exp_avg, denominator, -lr * mu_next / (1.0 - mu_product * mu_next));
}

}  // namespace torch_ext

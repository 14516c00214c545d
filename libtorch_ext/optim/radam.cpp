#include "libtorch_ext/optim/radam.h"

#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/optim/adam_family.h"

namespace torch_ext {

void RAdamOptions::check() const { check_adam_family(*this); }

void RAdamOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("betas", betas());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.later_value("maximize", maximize());
  fields.hint("foreach", {});
  fields.hint("capturable", false);
  fields.later_value("decoupled_weight_decay", decoupled_weight_decay());
  fields.hint("differentiable", false);
}

bool RAdamOptions::describe_entries(OptimizerFields& fields, RAdamState& state) const {
  fields.step(state.step);
  fields.tensor("exp_avg", state.exp_avg);
  fields.tensor("exp_avg_sq", state.exp_avg_sq);
  return true;
}

void RAdam::update(at::Tensor& given, const at::Tensor& given_grad, const RAdamOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<RAdamState>(given, [&](auto& fresh) {
    fresh.exp_avg = zeros_like(given);
    fresh.exp_avg_sq = zeros_like(given);
  });
  const auto [beta1, beta2] = options.betas();
  const double lr = options.lr();
  const double step = static_cast<double>(++state.step);
  const auto [parameter, grad, exp_avg, exp_avg_sq] = begin_adam_step(given, given_grad, state, options);
  const double bias_correction1 = 1 - std::pow(beta1, step);
  const double bias_correction2 = 1 - std::pow(beta2, step);
  const double rho_inf = 2 / (1 - beta2) - 1;
  const double rho = rho_inf - 2 * step * std::pow(beta2, step) / bias_correction2;
  at::Tensor update = exp_avg.div(bias_correction1).mul_(lr);
  if (rho > 5) {
    const double rectification =
        std::pow((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho), 0.5);
    const at::Tensor adaptive_lr =
        exp_avg_sq.sqrt().add_(options.eps()).reciprocal_().mul_(std::pow(bias_correction2, 0.5));
    update.mul_(adaptive_lr).mul_(rectification);
  }
  parameter.add_(update, -1.0);
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lamb.h"

#include <torch/torch.h>

#include <cmath>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {
namespace {

// A parameter's norm over its update's; 1 where either is 0.
at::Tensor trust_ratio(const at::Tensor& parameter, const at::Tensor& update, bool clip) {
  const at::Tensor weight = at::linalg_vector_norm(parameter, 2), step = at::linalg_vector_norm(update, 2);
  const at::Tensor ratio = at::where(weight.gt(0).logical_and(step.gt(0)), weight / step, 1.0);
  return clip ? ratio.clamp_max(1.0) : ratio;
}

}  // namespace

void LambOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "eps", eps());
  check_betas(name(), betas());
  check_option(name(), "weight_decay", weight_decay());
}

void LambOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("bias_correction", bias_correction());
  fields.value("betas", betas());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.value("grad_averaging", grad_averaging());
  fields.value("max_grad_norm", max_grad_norm());
  fields.value("trust_clip", trust_clip());
  fields.value("always_adapt", always_adapt());
  fields.constant("caution", false);
  fields.constant("decoupled_decay", false);
  fields.count("step", step());
}

bool LambOptions::describe_entries(OptimizerFields& fields, LambState& state) const {
  fields.tensor("exp_avg", state.exp_avg);
  fields.tensor("exp_avg_sq", state.exp_avg_sq);
  return true;
}

void Lamb::begin_step() {
  clip_ = at::Tensor();
  const auto limit = static_cast<const LambOptions&>(*defaults_).max_grad_norm();
  if (!limit) return;
  std::vector<at::Tensor> norms;
  for (const auto& group : param_groups_) {
    for (const auto& parameter : group.params()) {
      const at::Tensor& grad = parameter.grad();
      if (!grad.defined()) continue;
      check_dense(grad);
      norms.push_back(at::linalg_vector_norm(grad, 2));
    }
  }
  if (!norms.empty()) clip_ = at::linalg_vector_norm(at::stack(norms), 2).div(*limit).clamp_min_(1.0);
}

void Lamb::begin_group(const torch::optim::OptimizerParamGroup&, LambOptions& options) { ++options.step(); }

void Lamb::update(at::Tensor& parameter, const at::Tensor& given_grad, const LambOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<LambState>(parameter, [&](auto& fresh) {
    fresh.exp_avg = zeros_like(parameter);
    fresh.exp_avg_sq = zeros_like(parameter);
  });
  const auto [beta1, beta2] = options.betas();
  const double step = static_cast<double>(options.step());
  const double correction1 = options.bias_correction() ? 1 - std::pow(beta1, step) : 1;
  const double correction2 = options.bias_correction() ? 1 - std::pow(beta2, step) : 1;
  const at::Tensor grad = clip_.defined() ? given_grad.div(clip_) : given_grad;
  if (options.grad_averaging()) {
    state.exp_avg.lerp_(grad, 1 - beta1);
  } else {
    state.exp_avg.mul_(beta1).add_(grad, 1.0);
  }
  state.exp_avg_sq.mul_(beta2).addcmul_(grad, grad, 1 - beta2);
  const at::Tensor denominator = state.exp_avg_sq.sqrt().div_(std::pow(correction2, 0.5)).add_(options.eps());
  const at::Tensor update = state.exp_avg.div(correction1).div_(denominator);
  if (options.weight_decay() != 0) update.add_(parameter, options.weight_decay());
  if (options.weight_decay() != 0 || options.always_adapt()) {
    update.mul_(trust_ratio(parameter, update, options.trust_clip()));
  }
  parameter.add_(update, -options.lr());
}

}  // namespace torch_ext

#include "libtorch_ext/optim/asgd.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {

void ASGDOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "weight_decay", weight_decay());
}

void ASGDOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("lambd", lambd());
  fields.value("alpha", alpha());
  fields.value("t0", t0());
  fields.value("weight_decay", weight_decay());
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
  fields.hint("differentiable", false);
  fields.hint("capturable", false);
}

bool ASGDOptions::describe_entries(OptimizerFields& fields, ASGDState& state) const {
  fields.step(state.step);
  fields.scalar("eta", state.eta);
  fields.scalar("mu", state.mu);
  fields.tensor("ax", state.ax);
  return true;
}

void ASGD::update(at::Tensor& given, const at::Tensor& given_grad, const ASGDOptions& options) {
  check_dense(given_grad);
  const double lr = options.lr(), lambd = options.lambd();
  auto& state = state_of<ASGDState>(given, [&](auto& fresh) {
    const auto scalar = at::TensorOptions(given.device()).dtype(at::kFloat);
    fresh.eta = at::full({}, lr, scalar);
    fresh.mu = at::ones({}, scalar);
    fresh.ax = zeros_like(given);
  });
  at::Tensor parameter = real_view(given);
  at::Tensor grad = real_view(options.maximize() ? given_grad.neg() : given_grad);
  const at::Tensor ax = real_view(state.ax);
  const double step = static_cast<double>(++state.step);
  if (options.weight_decay() != 0) grad = grad.add(parameter, options.weight_decay());
  const double eta = state.eta.item<double>();
  parameter.mul_(1 - lambd * eta);
  parameter.add_(grad, -eta);
  if (state.mu.item<double>() != 1) {
    ax.add_(parameter.sub(ax).mul_(state.mu));
  } else {
    ax.copy_(parameter);
  }
  state.eta.fill_(static_cast<float>(lr / std::pow(1 + lambd * lr * step, options.alpha())));
  state.mu.fill_(static_cast<float>(1 / std::max(1.0, step - options.t0())));
}

}  // namespace torch_ext

#include "libtorch_ext/optim/adadelta.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {

void AdadeltaOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "rho", rho(), 0, 1);
  check_option(name(), "eps", eps());
  check_option(name(), "weight_decay", weight_decay());
}

void AdadeltaOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("rho", rho());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.later_value("maximize", maximize());
  fields.hint("capturable", false);
  fields.hint("foreach", {});
  fields.hint("differentiable", false);
}

bool AdadeltaOptions::describe_entries(OptimizerFields& fields, AdadeltaState& state) const {
  fields.step(state.step);
  fields.tensor("square_avg", state.square_avg);
  fields.tensor("acc_delta", state.acc_delta);
  return true;
}

void Adadelta::update(at::Tensor& parameter, const at::Tensor& given_grad, const AdadeltaOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<AdadeltaState>(parameter, [&](auto& fresh) {
    fresh.square_avg = zeros_like(parameter);
    fresh.acc_delta = zeros_like(parameter);
  });
  ++state.step;
  const double rho = options.rho();
  at::Tensor grad = options.maximize() ? given_grad.neg() : given_grad;
  if (options.weight_decay() != 0) grad = grad.add(parameter, options.weight_decay());
  grad = real_view(grad);
  const at::Tensor square_avg = real_view(state.square_avg), acc_delta = real_view(state.acc_delta);
  square_avg.mul_(rho).addcmul_(grad, grad, 1 - rho);
  const at::Tensor deviation = square_avg.add(options.eps()).sqrt_();
  const at::Tensor delta = acc_delta.add(options.eps()).sqrt_().div_(deviation).mul_(grad);
  acc_delta.mul_(rho).addcmul_(delta, delta, 1 - rho);
  parameter.add_(parameter.is_complex() ? at::view_as_complex(delta) : delta, -options.lr());
}

}  // namespace torch_ext

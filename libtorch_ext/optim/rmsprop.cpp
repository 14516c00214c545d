#include "libtorch_ext/optim/rmsprop.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {

void RMSpropOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "eps", eps());
  check_option(name(), "momentum", momentum());
  check_option(name(), "weight_decay", weight_decay());
  check_option(name(), "alpha", alpha());
}

void RMSpropOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.later_value("momentum", momentum());
  fields.value("alpha", alpha());
  fields.value("eps", eps());
  fields.later_value("centered", centered());
  fields.value("weight_decay", weight_decay());
  fields.hint("capturable", false);
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
  fields.hint("differentiable", false);
}

bool RMSpropOptions::describe_entries(OptimizerFields& fields, torch::optim::RMSpropParamState& state) const {
  fields.step(state.step());
  fields.tensor("square_avg", state.square_avg());
  fields.tensor("momentum_buffer", state.momentum_buffer(), momentum() > 0);
  fields.tensor("grad_avg", state.grad_avg(), centered());
  return true;
}

void RMSprop::update(at::Tensor& given, const at::Tensor& given_grad, const RMSpropOptions& options) {
  check_dense(given_grad);
  auto& state = state_of<torch::optim::RMSpropParamState>(
      given, [&](auto& fresh) { fresh.square_avg(zeros_like(given)); });
  const auto need = [&](at::Tensor& tensor) {
    if (!tensor.defined()) tensor = zeros_like(given);
    return real_view(tensor);
  };
  state.step(state.step() + 1);
  const double alpha = options.alpha();
  at::Tensor grad = options.maximize() ? given_grad.neg() : given_grad;
  if (options.weight_decay() != 0) grad = grad.add(given, options.weight_decay());
  grad = real_view(grad);
  const at::Tensor parameter = real_view(given), square_avg = real_view(state.square_avg());
  square_avg.mul_(alpha).addcmul_(grad, grad, 1 - alpha);
  at::Tensor average;
  if (options.centered()) {
    const at::Tensor grad_avg = need(state.grad_avg());
    grad_avg.lerp_(grad, 1 - alpha);
    average = square_avg.addcmul(grad_avg, grad_avg, -1).sqrt_();
  } else {
    average = square_avg.sqrt();
  }
  average.add_(options.eps());
  if (options.momentum() > 0) {
    const at::Tensor buffer = need(state.momentum_buffer());
    buffer.mul_(options.momentum()).addcdiv_(grad, average);
    parameter.add_(buffer, -options.lr());
  } else {
    parameter.addcdiv_(grad, average, -options.lr());
  }
}

}  // namespace torch_ext

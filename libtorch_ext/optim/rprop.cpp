#include "libtorch_ext/optim/rprop.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {

void RpropOptions::check() const {
  const auto [minus, plus] = etas();
  check_option(name(), "lr", lr());
  TORCH_CHECK_VALUE(minus > 0 && minus < 1 && plus > 1, "Rprop: found etas = (", minus, ", ", plus,
                    "), expected one between 0 and 1 and one above 1");
}

void RpropOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("etas", etas());
  fields.value("step_sizes", step_sizes());
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
  fields.hint("differentiable", false);
  fields.hint("capturable", false);
}

bool RpropOptions::describe_entries(OptimizerFields& fields, RpropState& state) const {
  fields.step(state.step);
  fields.tensor("prev", state.prev);
  fields.tensor("step_size", state.step_size);
  return true;
}

void Rprop::update(at::Tensor& parameter, const at::Tensor& given_grad, const RpropOptions& options) {
  check_dense(given_grad);
  const double lr = options.lr();
  auto& state = state_of<RpropState>(parameter, [&](auto& fresh) {
    fresh.prev = zeros_like(parameter);
    fresh.step_size = parameter.is_complex() ? at::full_like(given_grad, c10::complex<double>(lr, lr))
                                             : at::full_like(given_grad, lr);
  });
  ++state.step;
  const auto [minus, plus] = options.etas();
  const auto [smallest, largest] = options.step_sizes();
  at::Tensor grad = real_view(options.maximize() ? given_grad.neg() : given_grad);
  const at::Tensor prev = real_view(state.prev), step_size = real_view(state.step_size);
  const at::Tensor factor = grad.mul(prev).sign();
  factor.masked_fill_(factor.gt(0), plus);
  factor.masked_fill_(factor.lt(0), minus);
  factor.masked_fill_(factor.eq(0), 1);
  step_size.mul_(factor).clamp_(smallest, largest);
  grad = grad.masked_fill(factor.eq(minus), 0);  // after a change of sign, none is known
  real_view(parameter).addcmul_(grad.sign(), step_size, -1);
  prev.copy_(grad);
}

}  // namespace torch_ext

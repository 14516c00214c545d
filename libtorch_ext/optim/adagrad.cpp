#include "libtorch_ext/optim/adagrad.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {
namespace {

// `grad`'s indices with other values.
at::Tensor with_values(const at::Tensor& grad, const at::Tensor& values) {
  return at::_sparse_coo_tensor_unsafe(grad._indices(), values, grad.sizes(), values.options().layout(at::kSparse));
}

void step_sparse(at::Tensor& parameter, const at::Tensor& given, at::Tensor& sum, double eps, double lr) {
  const at::Tensor grad = given.coalesce();  // the step is not linear: indices must be unique
  const at::Tensor values = grad._values();
  sum.add_(with_values(grad, values.pow(2)));
  const at::Tensor deviation = sum.sparse_mask(grad)._values().sqrt_().add_(eps);
  parameter.add_(with_values(grad, values / deviation), -lr);
}

}  // namespace

void AdagradOptions::check() const {
  check_option(name(), "lr", lr());
  check_option(name(), "lr_decay", lr_decay());
  check_option(name(), "weight_decay", weight_decay());
  check_option(name(), "initial_accumulator_value", initial_accumulator_value());
  check_option(name(), "eps", eps());
}

void AdagradOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("lr_decay", lr_decay());
  fields.value("eps", eps());
  fields.value("weight_decay", weight_decay());
  fields.value("initial_accumulator_value", initial_accumulator_value());
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
  fields.hint("differentiable", false);
  fields.hint("fused", {});
}

bool AdagradOptions::describe_entries(OptimizerFields& fields, torch::optim::AdagradParamState& state) const {
  fields.step(state.step());
  fields.tensor("sum", state.sum());
  return true;
}

Adagrad::Adagrad(std::vector<torch::optim::OptimizerParamGroup> groups, AdagradOptions defaults)
    : OptimizerOf(std::move(groups), defaults) {
  for (const auto& group : param_groups_) {
    for (const auto& parameter : group.params()) own_state(parameter, defaults);
  }
}

Adagrad::Adagrad(std::vector<at::Tensor> parameters, AdagradOptions defaults)
    : Adagrad({torch::optim::OptimizerParamGroup(std::move(parameters))}, std::move(defaults)) {}

torch::optim::AdagradParamState& Adagrad::own_state(const at::Tensor& parameter, const AdagradOptions& options) {
  return state_of<torch::optim::AdagradParamState>(parameter, [&](auto& fresh) {
    const double start = options.initial_accumulator_value();
    const auto value = parameter.is_complex() ? at::Scalar(c10::complex<double>(start, start)) : at::Scalar(start);
    fresh.sum(at::full_like(parameter, value, parameter.options(), at::MemoryFormat::Preserve));
  });
}

void Adagrad::update(at::Tensor& parameter, const at::Tensor& given, const AdagradOptions& options) {
  auto& state = own_state(parameter, options);
  state.step(state.step() + 1);
  at::Tensor grad = options.maximize() ? given.neg() : given;
  if (options.weight_decay() != 0) {
    TORCH_CHECK_VALUE(!grad.is_sparse(), "Adagrad: found a sparse gradient under weight decay, expected a dense one");
    grad = grad.add(parameter, options.weight_decay());
  }
  const double lr = options.lr() / (1 + static_cast<double>(state.step() - 1) * options.lr_decay());
  if (grad.is_sparse()) return step_sparse(parameter, grad, state.sum(), options.eps(), lr);
  grad = real_view(grad);
  const at::Tensor sum = real_view(state.sum());
  sum.addcmul_(grad, grad, 1);
  real_view(parameter).addcdiv_(grad, sum.sqrt().add_(options.eps()), -lr);
}

}  // namespace torch_ext

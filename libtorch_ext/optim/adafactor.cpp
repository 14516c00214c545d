#include "libtorch_ext/optim/adafactor.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "libtorch_ext/optim/check_option.h"

namespace torch_ext {
namespace {

// The distance from 1 to the next number of that type.
double resolution(at::ScalarType type) {
  switch (type) {
    case at::kDouble:
      return std::numeric_limits<double>::epsilon();
    case at::kHalf:
      return std::numeric_limits<c10::Half>::epsilon();
    case at::kBFloat16:
      return std::numeric_limits<c10::BFloat16>::epsilon();
    default:
      return std::numeric_limits<float>::epsilon();
  }
}

double root_mean_square(const at::Tensor& tensor) {
  return at::linalg_vector_norm(tensor, 2).item<double>() / std::pow(static_cast<double>(tensor.numel()), 0.5);
}

at::Tensor mean_of_squares(const at::Tensor& grad, int64_t dim) {
  return at::linalg_vector_norm(grad, 2, dim, /*keepdim=*/true).square_().div_(grad.size(dim));
}

}  // namespace

void AdafactorOptions::check() const {
  const auto [eps1, eps2] = eps();
  check_option(name(), "lr", lr());
  check_option(name(), "beta2_decay", beta2_decay(), -std::numeric_limits<double>::infinity(), 0);
  check_option(name(), "eps[0]", eps1.value_or(0));
  check_option(name(), "eps[1]", eps2);
  check_option(name(), "d", d(), 1);
  check_option(name(), "weight_decay", weight_decay());
}

void AdafactorOptions::describe(OptimizerFields& fields) {
  fields.value("lr", lr());
  fields.value("beta2_decay", beta2_decay());
  fields.value("eps", eps());
  fields.value("d", d());
  fields.value("weight_decay", weight_decay());
  fields.hint("foreach", {});
  fields.later_value("maximize", maximize());
}

bool AdafactorOptions::describe_entries(OptimizerFields& fields, AdafactorState& state) const {
  fields.step(state.step);
  fields.reduced("row_var", state.row_var, -1);
  fields.reduced("col_var", state.col_var, -2);
  if (!state.row_var.defined()) fields.tensor("variance", state.variance);
  return true;
}

// As in Python, the first parameter that has a gradient chooses for all of its group.
void Adafactor::begin_group(const torch::optim::OptimizerParamGroup& group, AdafactorOptions& options) {
  const auto& params = group.params();
  const auto first = std::find_if(params.begin(), params.end(), [](const auto& p) { return p.grad().defined(); });
  if (first == params.end()) return;
  eps1_ = std::get<0>(options.eps()).value_or(resolution(first->scalar_type()));
}

void Adafactor::update(at::Tensor& parameter, const at::Tensor& given_grad, const AdafactorOptions& options) {
  TORCH_CHECK_VALUE(!parameter.is_complex(), "Adafactor: found a complex parameter, expected a real one");
  check_dense(given_grad);
  auto& state = state_of<AdafactorState>(parameter, [&](auto& fresh) {
    if (given_grad.dim() < 2) {
      fresh.variance = zeros_like(given_grad);
      return;
    }
    auto rows = given_grad.sizes().vec(), columns = rows;
    rows[rows.size() - 1] = 1;
    columns[columns.size() - 2] = 1;
    fresh.row_var = at::zeros(rows, given_grad.options());
    fresh.col_var = at::zeros(columns, given_grad.options());
  });
  const at::Tensor grad = options.maximize() ? given_grad.neg() : given_grad;
  const double eps2 = std::get<1>(options.eps());
  const double step = static_cast<double>(++state.step);
  const double weight = std::pow(step, options.beta2_decay());
  const double rho = std::min(options.lr(), 1 / std::pow(step, 0.5));
  const double alpha = std::max(eps2, root_mean_square(parameter)) * rho;
  if (options.weight_decay() != 0) parameter.mul_(1 - options.lr() * options.weight_decay());

  at::Tensor estimate;
  if (grad.dim() > 1) {
    state.row_var.lerp_(mean_of_squares(grad, -1), weight);
    state.col_var.lerp_(mean_of_squares(grad, -2), weight);
    estimate = state.row_var.matmul(state.col_var).div_(state.row_var.mean(-2, /*keepdim=*/true).clamp_min_(eps1_));
  } else {
    state.variance.lerp_(grad * grad, weight);
    estimate = state.variance.clone();
  }
  const at::Tensor update = estimate.clamp_min_(eps1_ * eps1_).rsqrt_().mul_(grad);
  const double norm = at::linalg_vector_norm(update, 2).item<double>();
  const double denominator =
      std::max(1.0, norm / (std::pow(static_cast<double>(update.numel()), 0.5) * options.d()));
  parameter.add_(update, -alpha / denominator);
}

}  // namespace torch_ext

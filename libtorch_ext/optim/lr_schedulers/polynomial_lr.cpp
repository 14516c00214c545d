#include "libtorch_ext/optim/lr_schedulers/polynomial_lr.h"

#include <algorithm>

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

PolynomialLR::PolynomialLR(torch::optim::Optimizer& optimizer, int64_t total_iters, double power, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), total_iters_(total_iters), power_(power) {
  initial_step();
}

std::vector<double> PolynomialLR::get_lr() {
  if (is_initial() || last_epoch() > total_iters_) return group_lrs();
  const auto left_at = [this](int64_t epoch) {
    return 1.0 -
           python_divide(static_cast<double>(epoch), static_cast<double>(total_iters_), "PolynomialLR: total_iters");
  };
  const double left = python_divide(left_at(last_epoch()), left_at(last_epoch() - 1), "PolynomialLR");
  return group_lrs_times(python_power(left, power_, "PolynomialLR"));
}

std::optional<std::vector<double>> PolynomialLR::closed_form_lr() const {
  const auto passed = static_cast<double>(std::min(total_iters_, last_epoch()));
  const double left = 1.0 - python_divide(passed, static_cast<double>(total_iters_), "PolynomialLR: total_iters");
  auto rates = base_lrs();
  for (double& rate : rates) rate *= python_power(left, power_, "PolynomialLR");
  return rates;
}

void PolynomialLR::fields(SchedulerFields& fields) {
  fields.count("total_iters", total_iters_);
  fields.number("power", power_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

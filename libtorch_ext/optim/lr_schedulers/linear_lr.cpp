#include "libtorch_ext/optim/lr_schedulers/linear_lr.h"

#include <algorithm>

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

LinearLR::LinearLR(torch::optim::Optimizer& optimizer, const LinearLROptions& options)
    : LRScheduler(optimizer, options.last_epoch),
      start_factor_(options.start_factor),
      end_factor_(options.end_factor),
      total_iters_(options.total_iters) {
  TORCH_CHECK_VALUE(start_factor_ > 0 && start_factor_ <= 1, "LinearLR: found start_factor = ", start_factor_,
                    ", expected one above 0 and up to 1");
  TORCH_CHECK_VALUE(end_factor_ >= 0 && end_factor_ <= 1, "LinearLR: found end_factor = ", end_factor_,
                    ", expected one from 0 to 1");
  initial_step();
}

std::vector<double> LinearLR::get_lr() {
  if (last_epoch() == 0) return group_lrs_times(start_factor_);
  if (is_initial() || last_epoch() > total_iters_) return group_lrs();
  const double rise = end_factor_ - start_factor_;
  const double so_far =
      static_cast<double>(total_iters_) * start_factor_ + static_cast<double>(last_epoch() - 1) * rise;
  return group_lrs_times(1.0 + python_divide(rise, so_far, "LinearLR"));
}

std::optional<std::vector<double>> LinearLR::closed_form_lr() const {
  const auto passed = static_cast<double>(std::min(total_iters_, last_epoch()));
  auto rates = base_lrs();
  for (double& rate : rates) {
    rate *= start_factor_ + python_divide((end_factor_ - start_factor_) * passed, static_cast<double>(total_iters_),
                                          "LinearLR: total_iters");
  }
  return rates;
}

void LinearLR::fields(SchedulerFields& fields) {
  fields.number("start_factor", start_factor_);
  fields.number("end_factor", end_factor_);
  fields.count("total_iters", total_iters_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

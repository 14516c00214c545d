#include "libtorch_ext/optim/lr_schedulers/constant_lr.h"

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

ConstantLR::ConstantLR(torch::optim::Optimizer& optimizer, double factor, int64_t total_iters, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), factor_(factor), total_iters_(total_iters) {
  TORCH_CHECK_VALUE(factor >= 0 && factor <= 1, "ConstantLR: found factor = ", factor, ", expected one from 0 to 1");
  initial_step();
}

std::vector<double> ConstantLR::get_lr() {
  if (last_epoch() == 0) return group_lrs_times(factor_);
  if (last_epoch() != total_iters_) return group_lrs();
  return group_lrs_times(python_divide(1, factor_, "ConstantLR"));
}

std::optional<std::vector<double>> ConstantLR::closed_form_lr() const {
  auto rates = base_lrs();
  for (double& rate : rates) rate *= factor_ + (last_epoch() >= total_iters_ ? 1 - factor_ : 0);
  return rates;
}

void ConstantLR::fields(SchedulerFields& fields) {
  fields.number("factor", factor_);
  fields.count("total_iters", total_iters_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

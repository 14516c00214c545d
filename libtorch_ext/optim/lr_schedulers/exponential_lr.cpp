#include "libtorch_ext/optim/lr_schedulers/exponential_lr.h"

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

ExponentialLR::ExponentialLR(torch::optim::Optimizer& optimizer, double gamma, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), gamma_(gamma) {
  initial_step();
}

std::vector<double> ExponentialLR::get_lr() { return is_initial() ? group_lrs() : group_lrs_times(gamma_); }

std::optional<std::vector<double>> ExponentialLR::closed_form_lr() const {
  auto rates = base_lrs();
  for (double& rate : rates) rate *= python_power(gamma_, static_cast<double>(last_epoch()), "ExponentialLR");
  return rates;
}

void ExponentialLR::fields(SchedulerFields& fields) {
  fields.number("gamma", gamma_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lr_schedulers/step_lr.h"

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

StepLR::StepLR(torch::optim::Optimizer& optimizer, int64_t step_size, double gamma, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), step_size_(step_size), gamma_(gamma) {
  TORCH_CHECK_VALUE(step_size > 0, "StepLR: found step_size = ", step_size, ", expected a positive number of steps");
  initial_step();
}

std::vector<double> StepLR::get_lr() {
  return last_epoch() == 0 || last_epoch() % step_size_ != 0 ? group_lrs() : group_lrs_times(gamma_);
}

std::optional<std::vector<double>> StepLR::closed_form_lr() const {
  auto rates = base_lrs();
  for (double& rate : rates) rate *= python_power(gamma_, static_cast<double>(last_epoch() / step_size_), "StepLR");
  return rates;
}

void StepLR::fields(SchedulerFields& fields) {
  fields.count("step_size", step_size_, 1);
  fields.number("gamma", gamma_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

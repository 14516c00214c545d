#include "libtorch_ext/optim/lr_schedulers/cosine_annealing_lr.h"

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

CosineAnnealingLR::CosineAnnealingLR(torch::optim::Optimizer& optimizer, int64_t T_max, double eta_min,
                                     int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), T_max_(T_max), eta_min_(eta_min) {
  TORCH_CHECK_VALUE(T_max > 0, "CosineAnnealingLR: found T_max = ", T_max, ", expected a positive number of steps");
  initial_step();
}

// Python's recursive form, operation by operation: the closed one differs in the last bits.
std::vector<double> CosineAnnealingLR::get_lr() {
  auto rates = group_lrs();
  if (is_initial()) return rates;
  const double T = static_cast<double>(T_max_);
  const auto epoch = static_cast<double>(last_epoch());
  if (step_count_ == 1 && last_epoch() > 0) {  // loaded into one that has not stepped
    rates = base_lrs();
    for (double& rate : rates) rate = eta_min_ + (rate - eta_min_) * (1 + std::cos(epoch * M_PI / T)) / 2;
  } else if ((last_epoch() - 1 - T_max_) % (2 * T_max_) == 0) {  // just past the valley
    for (size_t i = 0; i < rates.size(); ++i) rates[i] += (base_lrs().at(i) - eta_min_) * (1 - std::cos(M_PI / T)) / 2;
  } else {
    for (double& rate : rates) {
      rate = python_divide(1 + std::cos(M_PI * epoch / T), 1 + std::cos(M_PI * (epoch - 1) / T), "CosineAnnealingLR") *
                 (rate - eta_min_) +
             eta_min_;
    }
  }
  return rates;
}

std::optional<std::vector<double>> CosineAnnealingLR::closed_form_lr() const {
  const auto epoch = static_cast<double>(last_epoch());
  auto rates = base_lrs();
  for (double& rate : rates) {
    rate = eta_min_ + (rate - eta_min_) * (1 + std::cos(M_PI * epoch / static_cast<double>(T_max_))) / 2;
  }
  return rates;
}

void CosineAnnealingLR::fields(SchedulerFields& fields) {
  fields.count("T_max", T_max_, 1);
  fields.number("eta_min", eta_min_);
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lr_schedulers/cosine_annealing_warm_restarts.h"

#include <cmath>

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(torch::optim::Optimizer& optimizer, int64_t T_0,
                                                         int64_t T_mult, double eta_min, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch),
      T_0_(T_0),
      T_i_(static_cast<double>(T_0)),
      T_mult_(T_mult),
      eta_min_(eta_min),
      T_cur_(static_cast<double>(last_epoch)) {
  TORCH_CHECK_VALUE(T_0 > 0, "CosineAnnealingWarmRestarts: found T_0 = ", T_0, ", expected a positive number of steps");
  TORCH_CHECK_VALUE(T_mult > 0, "CosineAnnealingWarmRestarts: found T_mult = ", T_mult, ", expected one from 1 on");
  initial_step();
}

std::vector<double> CosineAnnealingWarmRestarts::get_lr() {
  auto rates = base_lrs();
  for (double& rate : rates) rate = eta_min_ + (rate - eta_min_) * (1 + std::cos(M_PI * T_cur_ / T_i_)) / 2;
  return rates;
}

void CosineAnnealingWarmRestarts::step() {
  if (last_epoch() < 0) return step(0);
  T_cur_ += 1;
  if (T_cur_ >= T_i_) {
    T_cur_ = std::fmod(T_cur_, T_i_);
    T_i_ *= static_cast<double>(T_mult_);
  }
  set_rates(static_cast<double>(last_epoch() + 1));
}

void CosineAnnealingWarmRestarts::step(double epoch) {
  TORCH_CHECK_VALUE(epoch >= 0 && epoch <= static_cast<double>(SchedulerFields::kMaxCount),
                    "CosineAnnealingWarmRestarts: found epoch ", epoch, ", expected one from 0 to 2^53");
  const auto T_0 = static_cast<double>(T_0_);
  const auto T_mult = static_cast<double>(T_mult_);
  if (epoch < T_0) {
    T_i_ = T_0;
    T_cur_ = epoch;
  } else if (T_mult_ == 1) {
    T_cur_ = std::fmod(epoch, T_0);
  } else {
    const double restarts = std::trunc(std::log(epoch / T_0 * (T_mult - 1) + 1) / std::log(T_mult));
    const double stretch = std::pow(T_mult, restarts);
    T_cur_ = epoch - T_0 * (stretch - 1) / (T_mult - 1);
    T_i_ = T_0 * stretch;
  }
  set_rates(epoch);
}

void CosineAnnealingWarmRestarts::set_rates(double epoch) {
  last_epoch_ = static_cast<int64_t>(std::floor(epoch));
  set_group_lrs(get_lr());
  last_lr_ = group_lrs();
}

void CosineAnnealingWarmRestarts::fields(SchedulerFields& fields) {
  fields.count("T_0", T_0_, 1);
  fields.whole("T_i", T_i_, 1);
  fields.count("T_mult", T_mult_, 1);
  fields.number("eta_min", eta_min_);
  fields.whole("T_cur", T_cur_, -static_cast<double>(SchedulerFields::kMaxCount));
  LRScheduler::fields(fields);
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lr_schedulers/cyclic_lr.h"

#include <limits>

#include "libtorch_ext/optim/lr_schedulers/python_arithmetic.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

CyclicLR::CyclicLR(torch::optim::Optimizer& optimizer, const PerGroup& base_lr, const PerGroup& max_lr,
                   const CyclicLROptions& options)
    : MomentumCycle(optimizer),
      max_lrs_(max_lr.expand("max_lr", group_count())),
      mode_(options.mode),
      gamma_(options.gamma),
      scale_fn_(options.scale_fn),
      scale_mode_(options.scale_mode) {
  const auto base_lrs = base_lr.expand("base_lr", group_count());
  const int64_t step_size_down = options.step_size_down.value_or(options.step_size_up);
  TORCH_CHECK_VALUE(options.step_size_up > 0, "CyclicLR: found step_size_up = ", options.step_size_up,
                    ", expected a positive number of steps");
  TORCH_CHECK_VALUE(step_size_down >= 0, "CyclicLR: found step_size_down = ", step_size_down,
                    ", expected one from 0 on");
  TORCH_CHECK_VALUE(scale_fn_ || mode_ == "triangular" || mode_ == "triangular2" || mode_ == "exp_range",
                    "CyclicLR: found mode = '", mode_,
                    "' and no scale_fn, expected 'triangular', 'triangular2' or 'exp_range'");
  total_size_ = static_cast<double>(options.step_size_up) + static_cast<double>(step_size_down);
  step_ratio_ = static_cast<double>(options.step_size_up) / total_size_;
  set_scale_mode();

  if (options.last_epoch == -1) set_group_lrs(base_lrs);
  begin_momentum(options.cycle_momentum, options.base_momentum, options.max_momentum, options.last_epoch);
  begin(options.last_epoch);
  initial_step();  // with the groups' initial_lr as the base, as in Python
  base_lrs_ = base_lrs;
}

void CyclicLR::set_scale_mode() {
  if (!scale_fn_) scale_mode_ = mode_ == "exp_range" ? "iterations" : "cycle";
}

double CyclicLR::scale(double cycle) const {
  const double at = scale_mode_ == "cycle" ? cycle : static_cast<double>(last_epoch());
  if (scale_fn_) return scale_fn_(at);
  if (mode_ == "triangular") return 1;
  if (mode_ == "triangular2") return 1 / python_power(2, at - 1, "CyclicLR");
  return python_power(gamma_, at, "CyclicLR");
}

std::vector<double> CyclicLR::get_lr() {
  const double cycles = static_cast<double>(last_epoch()) / total_size_;
  const double cycle = std::floor(1 + cycles);
  const double x = 1.0 + cycles - cycle;
  const double part = x <= step_ratio_ ? x / step_ratio_ : (x - 1) / (step_ratio_ - 1);
  auto rates = base_lrs();
  for (size_t i = 0; i < rates.size(); ++i) rates[i] += (max_lrs_.at(i) - rates[i]) * part * scale(cycle);
  for (size_t i = 0; cycle_momentum_ && i < max_momentums_.size(); ++i) {
    const double depth = (max_momentums_[i] - base_momentums_[i]) * part;
    set_group_momentum(i, max_momentums_[i] - depth * scale(cycle));
  }
  return rates;
}

void CyclicLR::fields(SchedulerFields& fields) {
  const size_t groups = group_count();
  fields.numbers("max_lrs", max_lrs_, groups);
  fields.number("total_size", total_size_, std::numeric_limits<double>::min());
  fields.number("step_ratio", step_ratio_, std::numeric_limits<double>::min());
  if (scale_fn_) {
    fields.choice("mode", mode_, {});
  } else {
    fields.choice("mode", mode_, {"triangular", "triangular2", "exp_range"});
  }
  fields.number("gamma", gamma_);
  fields.choice("scale_mode", scale_mode_, {});
  momentum_fields(fields);
  if (fields.reading() || knows_momentum_) {
    fields.numbers("base_momentums", base_momentums_, groups);
    fields.numbers("max_momentums", max_momentums_, groups);
  }
  LRScheduler::fields(fields);
  fields.written("_scale_fn_custom", formats::None());
  fields.later([this] { set_scale_mode(); });
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lr_schedulers/reduce_lr_on_plateau.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <limits>

#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

ReduceLROnPlateau::ReduceLROnPlateau(torch::optim::Optimizer& optimizer, const ReduceLROnPlateauOptions& options)
    : LRScheduler(optimizer, Unbegun()),
      factor_(options.factor),
      patience_(options.patience),
      cooldown_(options.cooldown),
      eps_(options.eps),
      mode_(options.mode),
      threshold_(options.threshold),
      threshold_mode_(options.threshold_mode) {
  TORCH_CHECK_VALUE(factor_ < 1, "ReduceLROnPlateau: found factor = ", factor_, ", expected one below 1");
  TORCH_CHECK_VALUE(mode_ == "min" || mode_ == "max", "ReduceLROnPlateau: found mode = '", mode_,
                    "', expected 'min' or 'max'");
  TORCH_CHECK_VALUE(threshold_mode_ == "rel" || threshold_mode_ == "abs", "ReduceLROnPlateau: found threshold_mode = '",
                    threshold_mode_, "', expected 'rel' or 'abs'");
  last_lr_ = group_lrs();
  min_lrs_ = options.min_lr.expand("min_lr", last_lr_.size());
  if (!options.min_lr.is_list()) default_min_lr_ = options.min_lr.expand("min_lr", 1).front();
  best_ = worst();
}

double ReduceLROnPlateau::worst() const {
  const double infinity = std::numeric_limits<double>::infinity();
  return mode_ == "min" ? infinity : -infinity;
}

bool ReduceLROnPlateau::is_better(double metric) const {
  const bool relative = threshold_mode_ == "rel";
  if (mode_ == "min") return metric < (relative ? best_ * (1.0 - threshold_) : best_ - threshold_);
  return metric > (relative ? best_ * (threshold_ + 1.0) : best_ + threshold_);
}

void ReduceLROnPlateau::step() {
  TORCH_CHECK_VALUE(false, "ReduceLROnPlateau: found a step without a metric, expected step(metrics)");
}

void ReduceLROnPlateau::step(double metrics) {
  ++last_epoch_;
  if (is_better(metrics)) {
    best_ = metrics;
    num_bad_epochs_ = 0;
  } else {
    ++num_bad_epochs_;
  }
  if (cooldown_counter_ > 0) {
    --cooldown_counter_;
    num_bad_epochs_ = 0;
  }
  if (num_bad_epochs_ > patience_) {
    reduce_lr();
    cooldown_counter_ = cooldown_;
    num_bad_epochs_ = 0;
  }
  last_lr_ = group_lrs();
}

void ReduceLROnPlateau::reduce_lr() {
  auto rates = group_lrs();
  if (rates.size() != min_lrs_.size()) {
    TORCH_CHECK(default_min_lr_, "ReduceLROnPlateau: found ", rates.size(), " groups in the optimizer, expected ",
                min_lrs_.size(), ", one per min_lr, as when it was made");
    min_lrs_.assign(rates.size(), *default_min_lr_);
  }
  for (size_t i = 0; i < rates.size(); ++i) {
    const double lower = std::max(rates[i] * factor_, min_lrs_[i]);
    if (rates[i] - lower > eps_) rates[i] = lower;
  }
  set_group_lrs(rates);
}

void ReduceLROnPlateau::fields(SchedulerFields& fields) {
  const size_t groups = group_lrs().size();
  fields.number("factor", factor_);
  fields.written("default_min_lr", default_min_lr_ ? formats::Value(*default_min_lr_) : formats::Value());
  if (const auto* value = fields.find("default_min_lr")) {
    if (value->is_none()) {
      fields.later([this] { default_min_lr_.reset(); });
    } else {
      auto number = std::make_shared<double>();
      fields.number("default_min_lr", *number);
      fields.later([this, number] { default_min_lr_ = *number; });
    }
  }
  fields.numbers("min_lrs", min_lrs_, groups);
  fields.count("patience", patience_);
  fields.count("cooldown", cooldown_);
  fields.number("eps", eps_);
  fields.count("last_epoch", last_epoch_);
  fields.numbers("_last_lr", last_lr_, groups);
  fields.written("mode_worse", worst());
  fields.choice("mode", mode_, {"min", "max"});
  fields.number("threshold", threshold_);
  fields.choice("threshold_mode", threshold_mode_, {"rel", "abs"});
  fields.number("best", best_);
  fields.count("cooldown_counter", cooldown_counter_);
  fields.count("num_bad_epochs", num_bad_epochs_);
}

}  // namespace torch_ext

#pragma once

#include <string>

#include "libtorch_ext/optim/lr_schedulers/per_group.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// The arguments of `ReduceLROnPlateau`.
struct ReduceLROnPlateauOptions {
  std::string mode = "min";            ///< the metric is to fall; "max": to rise
  double factor = 0.1;                 ///< the rate is multiplied by it; below 1
  int64_t patience = 10;               ///< so many steps without a better metric change nothing
  double threshold = 1e-4;             ///< better is better by more than that
  std::string threshold_mode = "rel";  ///< as a part of the best metric, or "abs": in its units
  int64_t cooldown = 0;                ///< steps after a reduction that aren't counted
  PerGroup min_lr = 0;                 ///< the rate goes no lower
  double eps = 1e-8;                   ///< a rate that would go down by no more stays
};

/// Multiplies by `factor` when a metric has stopped getting better.
///
///     tx::ReduceLROnPlateau scheduler(optimizer, {.mode = "max", .patience = 3});
///     for (…) { train_epoch(…); scheduler.step(accuracy); }
class ReduceLROnPlateau : public LRScheduler {
 public:
  explicit ReduceLROnPlateau(torch::optim::Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {});

  /// Takes the metric of one more epoch.
  void step(double metrics);
  /// Throws `c10::ValueError`: there is no step without a metric.
  void step() override;

  /// The best metric so far; infinite before the first.
  double best() const { return best_; }
  int64_t num_bad_epochs() const { return num_bad_epochs_; }

 private:
  void fields(SchedulerFields& fields) override;
  bool is_better(double metric) const;
  double worst() const;
  void reduce_lr();

  double factor_;
  std::vector<double> min_lrs_;
  std::optional<double> default_min_lr_;
  int64_t patience_;
  int64_t cooldown_;
  double eps_;
  std::string mode_;
  double threshold_;
  std::string threshold_mode_;
  double best_;
  int64_t cooldown_counter_ = 0;
  int64_t num_bad_epochs_ = 0;
};

}  // namespace torch_ext

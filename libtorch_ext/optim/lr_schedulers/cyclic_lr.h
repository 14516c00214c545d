#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libtorch_ext/optim/lr_schedulers/momentum_cycle.h"

namespace torch_ext {

/// The arguments of `CyclicLR` beside its rates.
struct CyclicLROptions {
  int64_t step_size_up = 2000;            ///< steps from the base rate to the highest
  std::optional<int64_t> step_size_down;  ///< and back; as many as up unless set
  /// "triangular": each cycle as high as the first. "triangular2": half as high as the one before. "exp_range": times
  /// gamma every step.
  std::string mode = "triangular";
  double gamma = 1;  ///< of "exp_range"
  /// The height of a cycle instead of the mode's, from the number of the cycle, 1 first, or from the steps taken.
  std::function<double(double)> scale_fn;
  std::string scale_mode = "cycle";  ///< or "iterations": what scale_fn is given
  bool cycle_momentum = true;        ///< also the momentum, or the first beta, against the rate
  PerGroup base_momentum = 0.8;      ///< where the rate is highest
  PerGroup max_momentum = 0.9;       ///< where it is lowest
  int64_t last_epoch = -1;
};

/// Up from `base_lr` to `max_lr` and down again in straight lines, over and over (Smith, Cyclical Learning Rates for
/// Training Neural Networks). Step it after each batch.
///
///     tx::CyclicLR scheduler(optimizer, 0.001, 0.1, {.step_size_up = 500, .mode = "triangular2"});
///
/// `scale_fn` is no part of the state, as in Python: make the schedule with the same one.
class CyclicLR : public MomentumCycle {
 public:
  CyclicLR(torch::optim::Optimizer& optimizer, const PerGroup& base_lr, const PerGroup& max_lr,
           const CyclicLROptions& options = {});

 private:
  std::vector<double> get_lr() override;
  void fields(SchedulerFields& fields) override;
  double scale(double cycle) const;
  void set_scale_mode();

  std::vector<double> max_lrs_;
  double total_size_;
  double step_ratio_;
  std::string mode_;
  double gamma_;
  std::function<double(double)> scale_fn_;
  std::string scale_mode_;
};

}  // namespace torch_ext

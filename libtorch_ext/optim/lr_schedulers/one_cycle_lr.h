#pragma once

#include <optional>
#include <string>

#include "libtorch_ext/optim/lr_schedulers/momentum_cycle.h"

namespace torch_ext {

/// The arguments of `OneCycleLR` beside its `max_lr`.
struct OneCycleLROptions {
  std::optional<int64_t> total_steps;      ///< or the next two
  std::optional<int64_t> epochs;           ///< total_steps = epochs * steps_per_epoch
  std::optional<int64_t> steps_per_epoch;  ///< see epochs
  double pct_start = 0.3;                  ///< the part of the steps, from 0 to 1, on which the rate goes up
  std::string anneal_strategy = "cos";     ///< or "linear"
  bool cycle_momentum = true;              ///< also the momentum, or the first beta, against the rate
  PerGroup base_momentum = 0.85;           ///< where the rate is highest
  PerGroup max_momentum = 0.95;            ///< at the start and at the end
  double div_factor = 25;                  ///< the rate begins at max_lr / div_factor
  double final_div_factor = 1e4;           ///< and ends at max_lr / div_factor / final_div_factor
  bool three_phase = false;                ///< down as fast as up, then on to the end
  int64_t last_epoch = -1;
};

/// Up to `max_lr` and far down again over `total_steps` (Smith and Topin, Super-Convergence). Step it after each batch;
/// `total_steps` steps are the most that it takes. Sets the groups' `initial_lr`.
///
///     tx::OneCycleLR scheduler(optimizer, /*max_lr=*/0.1, {.epochs = 10, .steps_per_epoch = 391});
///
/// The rates between which it goes are values of the optimizer's groups, as in Python: see `GroupValues`.
class OneCycleLR : public MomentumCycle {
 public:
  OneCycleLR(torch::optim::Optimizer& optimizer, const PerGroup& max_lr, const OneCycleLROptions& options);

 private:
  /// From one of the group's values to another, up to a step.
  struct Phase {
    double end_step;
    std::string start_lr, end_lr, start_momentum, end_momentum;
  };

  std::vector<double> get_lr() override;
  void fields(SchedulerFields& fields) override;
  void phase_fields(SchedulerFields& fields);
  double anneal(size_t group, const std::string& start, const std::string& end, double part) const;

  int64_t total_steps_;
  std::vector<Phase> phases_;
  std::string anneal_strategy_;
};

}  // namespace torch_ext

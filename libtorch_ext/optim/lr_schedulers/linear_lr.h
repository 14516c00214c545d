#pragma once

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// The arguments of `LinearLR`.
struct LinearLROptions {
  double start_factor = 1.0 / 3;  ///< above 0, at most 1
  double end_factor = 1;          ///< from 0 to 1
  int64_t total_iters = 5;        ///< steps from the one to the other
  int64_t last_epoch = -1;
};

/// Goes in a straight line from the base rate times `start_factor`, set at once, to that times `end_factor`.
///
///     tx::LinearLR warm_up(optimizer, {.start_factor = 0.01, .total_iters = 10});
class LinearLR : public LRScheduler {
 public:
  explicit LinearLR(torch::optim::Optimizer& optimizer, const LinearLROptions& options = {});

 private:
  std::vector<double> get_lr() override;
  std::optional<std::vector<double>> closed_form_lr() const override;
  void fields(SchedulerFields& fields) override;

  double start_factor_;
  double end_factor_;
  int64_t total_iters_;
};

}  // namespace torch_ext

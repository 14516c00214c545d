#pragma once

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Half a cosine from the base rate down to `eta_min` in `T_0` steps, then again in `T_0 * T_mult`, and so on
/// (Loshchilov and Hutter, SGDR).
class CosineAnnealingWarmRestarts : public LRScheduler {
 public:
  CosineAnnealingWarmRestarts(torch::optim::Optimizer& optimizer, int64_t T_0, int64_t T_mult = 1, double eta_min = 0,
                              int64_t last_epoch = -1);

  void step() override;
  /// Goes to `epoch`, which may be a fraction: `step(epoch + double(batch) / batches)` after each batch.
  void step(double epoch);

 private:
  std::vector<double> get_lr() override;
  void fields(SchedulerFields& fields) override;
  void set_rates(double epoch);

  int64_t T_0_;
  double T_i_;  ///< steps of this cosine
  int64_t T_mult_;
  double eta_min_;
  double T_cur_;  ///< steps since the last restart
};

}  // namespace torch_ext

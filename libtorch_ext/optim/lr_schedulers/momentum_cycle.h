#pragma once

#include "libtorch_ext/optim/lr_schedulers/per_group.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// What `OneCycleLR` and `CyclicLR` share: they cycle the momentum of the optimizer, or its first beta, against the
/// learning rate. Knows the optimizers that `momentum.h` knows.
class MomentumCycle : public LRScheduler {
 protected:
  explicit MomentumCycle(torch::optim::Optimizer& optimizer) : LRScheduler(optimizer, Unbegun()) {}

  /// Begins at `max_momentum` where `last_epoch` is -1. Throws `c10::ValueError` where the optimizer has no momentum.
  void begin_momentum(bool cycle_momentum, const PerGroup& base_momentum, const PerGroup& max_momentum,
                      int64_t last_epoch);
  void set_group_momentum(size_t group, double momentum);
  /// "cycle_momentum" and "use_beta1".
  void momentum_fields(SchedulerFields& fields);
  size_t group_count() const;

  bool cycle_momentum_ = false;
  bool knows_momentum_ = false;  ///< Python's object has `use_beta1`
  bool use_beta1_ = false;
  std::vector<double> base_momentums_;
  std::vector<double> max_momentums_;
};

}  // namespace torch_ext

#pragma once

#include <memory>

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// Steps several schedules of one optimizer, in turn, as one. None of them may be a `ReduceLROnPlateau`.
class ChainedScheduler : public LRScheduler {
 public:
  /// `optimizer`: where given, the one that all must have.
  explicit ChainedScheduler(std::vector<std::shared_ptr<LRScheduler>> schedulers,
                            const torch::optim::Optimizer* optimizer = nullptr);

  void step() override;

 private:
  void fields(SchedulerFields& fields) override;
  void undo_step() override;

  std::vector<std::shared_ptr<LRScheduler>> schedulers_;
};

}  // namespace torch_ext

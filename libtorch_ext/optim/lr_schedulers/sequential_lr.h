#pragma once

#include <memory>

#include "libtorch_ext/optim/lr_schedulers/linear_lr.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

namespace torch_ext {

/// One schedule after the other: the next begins, at its own step 0, when as many steps as its milestone are taken.
///
///     auto warm_up = std::make_shared<tx::LinearLR>(optimizer, tx::LinearLROptions{.total_iters = 5});
///     auto cosine = std::make_shared<tx::CosineAnnealingLR>(optimizer, /*T_max=*/95);
///     tx::SequentialLR scheduler(optimizer, {warm_up, cosine}, /*milestones=*/{5});
///
/// Puts the groups back to their `initial_lr`, undoes the first steps that the schedules took when they were made, and
/// begins the first of them anew. As in Python: a `SequentialLR` or `ChainedScheduler` can only be the first of them,
/// `ReduceLROnPlateau` none.
class SequentialLR : public LRScheduler {
 public:
  SequentialLR(torch::optim::Optimizer& optimizer, std::vector<std::shared_ptr<LRScheduler>> schedulers,
               std::vector<int64_t> milestones, int64_t last_epoch = -1);

  void step() override;

 private:
  void fields(SchedulerFields& fields) override;
  void undo_step() override;

  std::vector<std::shared_ptr<LRScheduler>> schedulers_;
  std::vector<int64_t> milestones_;
};

/// `scheduler` after a linear warm-up of `options.total_iters` steps, as a Python program writes it: a `LinearLR`, then
/// a `SequentialLR` of both with that milestone.
///
///     auto scheduler = tx::warmup(std::make_shared<tx::CosineAnnealingLR>(optimizer, 95), {.total_iters = 5});
std::shared_ptr<SequentialLR> warmup(std::shared_ptr<LRScheduler> scheduler, const LinearLROptions& options = {});

}  // namespace torch_ext

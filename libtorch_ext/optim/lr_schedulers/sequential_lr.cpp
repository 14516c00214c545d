#include "libtorch_ext/optim/lr_schedulers/sequential_lr.h"

#include <c10/util/Exception.h>

#include <algorithm>

#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_list.h"

namespace torch_ext {

SequentialLR::SequentialLR(torch::optim::Optimizer& optimizer, std::vector<std::shared_ptr<LRScheduler>> schedulers,
                           std::vector<int64_t> milestones, int64_t last_epoch)
    : LRScheduler(check_schedulers("SequentialLR", schedulers, &optimizer), Unbegun()),
      schedulers_(std::move(schedulers)),
      milestones_(std::move(milestones)) {
  TORCH_CHECK_VALUE(milestones_.size() == schedulers_.size() - 1, "SequentialLR: found ", milestones_.size(),
                    " milestones and ", schedulers_.size(), " schedulers, expected one milestone between each two");
  last_epoch_ = last_epoch + 1;
  auto rates = group_lrs();
  for (size_t i = 0; i < rates.size(); ++i) rates[i] = groups().at(i).initial_lr.value_or(rates[i]);
  set_group_lrs(rates);
  SequentialLR::undo_step();
  schedulers_.front()->initial_step();
  last_lr_ = schedulers_.front()->last_lr();
}

void SequentialLR::step() {
  ++last_epoch_;
  const auto next = std::upper_bound(milestones_.begin(), milestones_.end(), last_epoch_);
  auto& scheduler = *schedulers_.at(static_cast<size_t>(next - milestones_.begin()));
  if (next != milestones_.begin() && *(next - 1) == last_epoch_) {
    scheduler.update_lr(0);
  } else {
    scheduler.step();
  }
  last_lr_ = scheduler.last_lr();
}

void SequentialLR::undo_step() {
  for (const auto& scheduler : schedulers_) scheduler->undo_step();
}

void SequentialLR::fields(SchedulerFields& fields) {
  fields.counts("_milestones", milestones_, milestones_.size());
  fields.count("last_epoch", last_epoch_);
  fields.numbers("_last_lr", last_lr_, group_lrs().size());
  if (was_initial_) {
    fields.written("_step_count", step_count_);
    fields.written("_is_initial", false);
  }
  fields.nested("_schedulers", schedulers_);
}

std::shared_ptr<SequentialLR> warmup(std::shared_ptr<LRScheduler> scheduler, const LinearLROptions& options) {
  auto& optimizer = check_schedulers("warmup", {scheduler}, nullptr);
  auto linear = std::make_shared<LinearLR>(optimizer, options);
  return std::make_shared<SequentialLR>(
      optimizer, std::vector<std::shared_ptr<LRScheduler>>{std::move(linear), std::move(scheduler)},
      std::vector<int64_t>{options.total_iters});
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lr_schedulers/chained_scheduler.h"

#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_list.h"

namespace torch_ext {

ChainedScheduler::ChainedScheduler(std::vector<std::shared_ptr<LRScheduler>> schedulers,
                                   const torch::optim::Optimizer* optimizer)
    : LRScheduler(check_schedulers("ChainedScheduler", schedulers, optimizer), Unbegun()),
      schedulers_(std::move(schedulers)) {
  last_lr_ = group_lrs();
}

void ChainedScheduler::step() {
  for (const auto& scheduler : schedulers_) scheduler->step();
  last_lr_ = group_lrs();
}

void ChainedScheduler::undo_step() {
  for (const auto& scheduler : schedulers_) scheduler->undo_step();
}

void ChainedScheduler::fields(SchedulerFields& fields) {
  fields.numbers("_last_lr", last_lr_, group_lrs().size());
  if (was_initial_) {
    fields.written("_step_count", step_count_);
    fields.written("_is_initial", false);
  }
  fields.nested("_schedulers", schedulers_);
}

}  // namespace torch_ext

#include "libtorch_ext/optim/lr_schedulers/scheduler.h"

#include <torch/optim/optimizer.h>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/optim/lr_schedulers/scheduler_fields.h"

namespace torch_ext {

LRScheduler::LRScheduler(torch::optim::Optimizer& optimizer, int64_t last_epoch) : LRScheduler(optimizer, Unbegun()) {
  begin(last_epoch);
}

LRScheduler::LRScheduler(torch::optim::Optimizer& optimizer, Unbegun)
    : optimizer_(optimizer), group_values_(group_values(optimizer)) {}

void LRScheduler::begin(int64_t last_epoch) {
  TORCH_CHECK_VALUE(last_epoch >= -1, "last_epoch: found ", last_epoch, ", expected -1 or the steps taken");
  last_epoch_ = last_epoch;
  const auto rates = group_lrs();
  for (size_t i = 0; i < rates.size(); ++i) {
    auto& initial_lr = groups()[i].initial_lr;
    TORCH_CHECK_VALUE(last_epoch == -1 || initial_lr, "last_epoch: found ", last_epoch, ", but group ", i,
                      " of the optimizer has no initial_lr; set it by group_values(), or start at -1 and load the "
                      "schedule's state");
    if (!initial_lr) initial_lr = rates[i];
    base_lrs_.push_back(*initial_lr);
  }
}

void LRScheduler::initial_step() {
  struct Initial {
    bool& flag;
    ~Initial() { flag = false; }
  } initial{is_initial_ = true};
  was_initial_ = true;
  step_count_ = 0;
  step();
}

void LRScheduler::step() {
  ++step_count_;
  update_lr(std::nullopt);
}

void LRScheduler::update_lr(std::optional<int64_t> epoch) {
  last_epoch_ = epoch.value_or(last_epoch_ + 1);
  std::optional<std::vector<double>> rates;
  if (epoch) rates = closed_form_lr();
  set_group_lrs(rates ? *rates : get_lr());
  last_lr_ = group_lrs();
}

std::vector<double> LRScheduler::get_lr() {
  throw Error(
      "SequentialLR: found a SequentialLR or ChainedScheduler after the first milestone, expected it in the first "
      "place "
      "only: it can't be begun at a milestone, in Python neither");
}

std::vector<double> LRScheduler::group_lrs() const {
  std::vector<double> rates;
  for (const auto& group : std::as_const(optimizer_).param_groups()) rates.push_back(group.options().get_lr());
  return rates;
}

std::vector<double> LRScheduler::group_lrs_times(double factor) const {
  auto rates = group_lrs();
  for (double& rate : rates) rate *= factor;
  return rates;
}

void LRScheduler::set_group_lrs(const std::vector<double>& rates) {
  auto& groups = optimizer_.param_groups();
  TORCH_CHECK_VALUE(rates.size() == groups.size(), "the schedule: found ", groups.size(),
                    " groups in the optimizer, expected ", rates.size(), ", as when it was made");
  for (size_t i = 0; i < groups.size(); ++i) groups[i].options().set_lr(rates[i]);
}

void LRScheduler::fields(SchedulerFields& fields) {
  const size_t groups = optimizer_.param_groups().size();
  fields.numbers("base_lrs", base_lrs_, groups);
  fields.count("last_epoch", last_epoch_);
  fields.count("_step_count", step_count_);
  fields.written("_is_initial", false);
  fields.written("_get_lr_called_within_step", false);
  fields.numbers("_last_lr", last_lr_, groups);
}

formats::Value LRScheduler::state_dict() const {
  formats::Dict state;
  SchedulerFields writing(state);
  const_cast<LRScheduler*>(this)->fields(writing);  // writing only reads them
  return state;
}

void LRScheduler::load_state_dict(const formats::Value& state) {
  SchedulerFields reading(state);
  fields(reading);
  reading.commit();
}

}  // namespace torch_ext

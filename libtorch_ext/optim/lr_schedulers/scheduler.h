#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "libtorch_ext/formats/value.h"
#include "libtorch_ext/optim/group_values.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

class SchedulerFields;

/// The base of all schedules. They have the names, arguments, numbers and states of Python's
/// `torch.optim.lr_scheduler`, bit for bit, with the same effects on the optimizer when they are made.
///
/// Call `step()` after each epoch (or each batch, as you like). Several may work on one optimizer, in turn, as in
/// Python. The optimizer must outlive its schedules. Arguments out of range throw `c10::ValueError`.
///
///     tx::CosineAnnealingLR scheduler(optimizer, /*T_max=*/100);
///     for (…) { train_epoch(…); scheduler.step(); }
///
/// A `last_epoch` from 0 on resumes as Python's does, from groups that have an `initial_lr` (see `group_values`), and
/// steps once more; `load_state_dict` is the simpler way.
///
/// To write one: derive, override `get_lr` and `fields`, and call `initial_step()` at the constructor's end.
class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  /// Advances by one and sets the learning rate of each of the optimizer's groups.
  virtual void step();

  /// Steps taken.
  int64_t last_epoch() const { return last_epoch_; }
  /// The learning rates that this schedule set last, one per group: Python's `get_last_lr()`.
  const std::vector<double>& last_lr() const { return last_lr_; }
  /// The learning rates at the start, one per group; Python's groups keep them as "initial_lr". Empty for
  /// `SequentialLR`, `ChainedScheduler` and `ReduceLROnPlateau`, which have none in Python either.
  const std::vector<double>& base_lrs() const { return base_lrs_; }
  torch::optim::Optimizer& optimizer() const { return optimizer_; }

  /// Python's `scheduler.state_dict()`. The learning rates themselves are the optimizer's.
  formats::Value state_dict() const;
  /// Goes on where `state_dict()` was taken, here or in Python. As in Python, the schedule's own arguments (`T_max`,
  /// `gamma`, …) become those of `state`; keys that it lacks leave things as they are. The learning rates themselves
  /// come with the optimizer's state. Throws `torch_ext::Error` that names the key, and changes nothing, where an entry
  /// is of another type, out of range, or not one per group.
  void load_state_dict(const formats::Value& state);

 protected:
  /// Notes the groups' rates as `initial_lr` where they have none yet, and as `base_lrs()`.
  explicit LRScheduler(torch::optim::Optimizer& optimizer, int64_t last_epoch = -1);
  /// Notes nothing yet: for schedules that have no base rates, or set the groups up first and call `begin`.
  struct Unbegun {};
  LRScheduler(torch::optim::Optimizer& optimizer, Unbegun);
  void begin(int64_t last_epoch);

  /// Python's `_initial_step`: to be called at the end of the constructor.
  void initial_step();

  /// The learning rates now, one per group, from the present ones; `last_epoch()` has been advanced. May set momenta.
  virtual std::vector<double> get_lr();
  /// The same from `last_epoch()` alone. `SequentialLR` begins a schedule by it; without one, by `get_lr`.
  virtual std::optional<std::vector<double>> closed_form_lr() const { return std::nullopt; }
  /// The entries of the state, in Python's order: the schedule's own ones, then the base's.
  virtual void fields(SchedulerFields& fields);
  /// Takes back the step of the constructor; `SequentialLR` asks for it.
  virtual void undo_step() { --last_epoch_; }

  /// Python's `_update_lr`: advances by one, or goes to `epoch`.
  void update_lr(std::optional<int64_t> epoch);
  /// The present rates of the optimizer's groups.
  std::vector<double> group_lrs() const;
  /// These times `factor`.
  std::vector<double> group_lrs_times(double factor) const;
  void set_group_lrs(const std::vector<double>& rates);
  /// What all schedules of the optimizer share, one per group.
  GroupValuesList& groups() { return *group_values_; }
  /// During the step of the constructor.
  bool is_initial() const { return is_initial_; }

  std::vector<double> base_lrs_;
  std::vector<double> last_lr_;
  int64_t last_epoch_ = 0;
  int64_t step_count_ = 0;    ///< of `step()`, the constructor's among them
  bool was_initial_ = false;  ///< Python's object has `_is_initial` and `_step_count`

 private:
  friend class ChainedScheduler;
  friend class SchedulerFields;
  friend class SequentialLR;

  torch::optim::Optimizer& optimizer_;
  std::shared_ptr<GroupValuesList> group_values_;
  bool is_initial_ = false;
};

}  // namespace torch_ext

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// The schedules of Python's `torch.optim.lr_scheduler`: the same names, arguments and numbers, bit for bit.
///
/// Call `step()` after each epoch (or each batch, as you like). The optimizer must outlive its scheduler.
///
///     tx::CosineAnnealingLR scheduler(optimizer, /*T_max=*/100);
///     for (…) { train_epoch(…); scheduler.step(); }
class LRScheduler {
 public:
  virtual ~LRScheduler() = default;

  /// Advances by one and sets the learning rate of each of the optimizer's groups.
  void step();

  /// Steps taken.
  int64_t last_epoch() const { return last_epoch_; }
  /// The learning rates now, one per group.
  std::vector<double> last_lr() const;
  /// The learning rates at the start, one per group; Python's groups keep them as "initial_lr".
  const std::vector<double>& base_lrs() const { return base_lrs_; }

  /// Python's `scheduler.state_dict()`. The learning rates themselves are the optimizer's.
  formats::Value state_dict() const;
  /// Goes on where `state_dict()` was taken, here or in Python. As in Python, the schedule's own arguments (`T_max`,
  /// `gamma`, …) become those of `state`; keys that it lacks leave things as they are. The learning rates themselves
  /// come with the optimizer's state. Throws `torch_ext::Error`, and changes nothing, where an entry is of another
  /// type, out of range, or not one per group.
  void load_state_dict(const formats::Value& state);

 protected:
  explicit LRScheduler(torch::optim::Optimizer& optimizer);

  /// The next learning rate of a group, from its present one; `last_epoch()` has been advanced.
  virtual double next_lr(double lr, double base_lr) const = 0;
  /// The schedule's own arguments, under Python's names.
  virtual formats::Dict arguments() const = 0;
  /// Takes those of `state`, all or none.
  virtual void set_arguments(const formats::Dict& state) = 0;

 private:
  torch::optim::Optimizer& optimizer_;
  std::vector<double> base_lrs_;
  int64_t last_epoch_ = 0;
};

/// Half a cosine from the base rate down to `eta_min` in `T_max` steps (Loshchilov and Hutter, SGDR, without restarts).
class CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(torch::optim::Optimizer& optimizer, int64_t T_max, double eta_min = 0);

 private:
  double next_lr(double lr, double base_lr) const override;
  formats::Dict arguments() const override;
  void set_arguments(const formats::Dict& state) override;

  int64_t T_max_;
  double eta_min_;
};

/// Multiplies by `gamma` every `step_size` steps.
class StepLR : public LRScheduler {
 public:
  StepLR(torch::optim::Optimizer& optimizer, int64_t step_size, double gamma = 0.1);

 private:
  double next_lr(double lr, double base_lr) const override;
  formats::Dict arguments() const override;
  void set_arguments(const formats::Dict& state) override;

  int64_t step_size_;
  double gamma_;
};

}  // namespace torch_ext

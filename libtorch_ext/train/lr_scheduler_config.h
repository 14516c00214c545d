#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

class LRScheduler;

// "lr_scheduler": one of `torch.optim.lr_scheduler`'s classes by its name, with Python's arguments. See the classes in
// `optim/lr_schedulers` for their meaning.

/// Multiplies by `gamma` every `step_size` steps.
struct StepLRConfig {
  static constexpr const char* kName = "StepLR";
  int64_t step_size = 1;
  double gamma = 0.1;
};

/// Multiplies by `gamma` at each of `milestones`.
struct MultiStepLRConfig {
  static constexpr const char* kName = "MultiStepLR";
  std::vector<int64_t> milestones;  ///< numbers of steps
  double gamma = 0.1;
};

/// Multiplies by `factor` for `total_iters` steps.
struct ConstantLRConfig {
  static constexpr const char* kName = "ConstantLR";
  double factor = 1.0 / 3;
  int64_t total_iters = 5;
};

/// In a straight line from one factor to another.
struct LinearLRConfig {
  static constexpr const char* kName = "LinearLR";
  double start_factor = 1.0 / 3;
  double end_factor = 1;
  int64_t total_iters = 5;
};

/// Multiplies by `gamma` every step.
struct ExponentialLRConfig {
  static constexpr const char* kName = "ExponentialLR";
  double gamma = 0.95;
};

/// Down to 0 as a power of the steps that are left.
struct PolynomialLRConfig {
  static constexpr const char* kName = "PolynomialLR";
  std::optional<int64_t> total_iters;  ///< null, or "auto": all steps of the run
  double power = 1;
};

/// Half a cosine down to `eta_min`.
struct CosineAnnealingLRConfig {
  static constexpr const char* kName = "CosineAnnealingLR";
  std::optional<int64_t> T_max;  ///< null, or "auto": all steps of the run
  double eta_min = 0;
};

/// Cosines, one after the other, each `T_mult` times as long.
struct CosineAnnealingWarmRestartsConfig {
  static constexpr const char* kName = "CosineAnnealingWarmRestarts";
  int64_t T_0 = 10;  ///< steps of the first
  int64_t T_mult = 1;
  double eta_min = 0;
};

/// Up to `max_lr` and far down again, each step, over the whole run.
struct OneCycleLRConfig {
  static constexpr const char* kName = "OneCycleLR";
  double max_lr = 0.1;
  double pct_start = 0.3;
  std::string anneal_strategy = "cos";
  bool cycle_momentum = true;
  double base_momentum = 0.85;
  double max_momentum = 0.95;
  double div_factor = 25;
  double final_div_factor = 1e4;
  bool three_phase = false;
  static constexpr const char* kInterval = "step";
};

/// Up and down between two rates, over and over.
struct CyclicLRConfig {
  static constexpr const char* kName = "CyclicLR";
  double base_lr = 1e-3;
  double max_lr = 0.1;
  int64_t step_size_up = 2000;
  std::optional<int64_t> step_size_down;
  std::string mode = "triangular";
  double gamma = 1;
  bool cycle_momentum = true;
  double base_momentum = 0.8;
  double max_momentum = 0.9;
  static constexpr const char* kInterval = "step";
};

/// Multiplies by `factor` when the test accuracy (or loss) has stopped getting better.
struct ReduceLROnPlateauConfig {
  static constexpr const char* kName = "ReduceLROnPlateau";
  std::string metric = "accuracy";
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;
  std::string threshold_mode = "rel";
  int64_t cooldown = 0;
  double min_lr = 0;
  double eps = 1e-8;
  static constexpr const char* interval = "epoch";
};

/// A schedule and what a step of it is: an "epoch", or a "step" of the optimizer.
template <class Schedule>
struct Stepped : Schedule {
  static constexpr const char* default_interval() {
    if constexpr (requires { Schedule::kInterval; }) return Schedule::kInterval;
    return "epoch";
  }
  std::string interval = default_interval();
};

/// A schedule among others: it steps with them. Its `null`s, "all steps of the run", are the steps that it has there.
using LRSchedulerPart = std::variant<CosineAnnealingLRConfig, StepLRConfig, MultiStepLRConfig, ConstantLRConfig,
                                     LinearLRConfig, ExponentialLRConfig, PolynomialLRConfig,
                                     CosineAnnealingWarmRestartsConfig, OneCycleLRConfig, CyclicLRConfig>;

/// One schedule after the other.
struct SequentialLRConfig {
  static constexpr const char* kName = "SequentialLR";
  std::vector<LRSchedulerPart> schedulers;
  std::vector<int64_t> milestones;  ///< after how many steps the next one begins; one less than `schedulers`
};

/// Several schedules at once, each changing what the one before it has made of the rate.
struct ChainedSchedulerConfig {
  static constexpr const char* kName = "ChainedScheduler";
  std::vector<LRSchedulerPart> schedulers;
};

using LRSchedulerConfig =
    std::variant<Stepped<CosineAnnealingLRConfig>, Stepped<StepLRConfig>, Stepped<MultiStepLRConfig>,
                 Stepped<ConstantLRConfig>, Stepped<LinearLRConfig>, Stepped<ExponentialLRConfig>,
                 Stepped<PolynomialLRConfig>, Stepped<CosineAnnealingWarmRestartsConfig>, Stepped<OneCycleLRConfig>,
                 Stepped<CyclicLRConfig>, Stepped<SequentialLRConfig>, Stepped<ChainedSchedulerConfig>,
                 ReduceLROnPlateauConfig>;

/// "lr_warmup": a linear rise before the schedule, which is put off by as many steps: Python's `LinearLR` and
/// `SequentialLR`.
struct LRWarmupConfig {
  int64_t steps = 5;  ///< in the schedule's interval
  double start_factor = 0.01;
};

template <class Visitor>
void describe(Visitor& v, StepLRConfig& c) {
  v.field("step_size", c.step_size, config::at_least(1), "steps between two changes");
  v.field("gamma", c.gamma, {}, "the rate's factor at each change");
}

template <class Visitor>
void describe(Visitor& v, MultiStepLRConfig& c) {
  v.field("milestones", c.milestones, config::at_least(1), "numbers of steps");
  v.field("gamma", c.gamma, {}, "the rate's factor at each change");
}

template <class Visitor>
void describe(Visitor& v, ConstantLRConfig& c) {
  v.field("factor", c.factor, config::between(0, 1), "of the rate, to begin with");
  v.field("total_iters", c.total_iters, config::at_least(0), "steps until it is 1");
}

template <class Visitor>
void describe(Visitor& v, LinearLRConfig& c) {
  v.field("start_factor", c.start_factor, config::between(0, 1), "of the rate, to begin with");
  v.field("end_factor", c.end_factor, config::between(0, 1), "of the rate, at the end");
  v.field("total_iters", c.total_iters, config::at_least(1), "steps from one to the other");
}

template <class Visitor>
void describe(Visitor& v, ExponentialLRConfig& c) {
  v.field("gamma", c.gamma, config::above(0), "the rate's factor at each step");
}

template <class Visitor>
void describe(Visitor& v, PolynomialLRConfig& c) {
  v.field("total_iters", c.total_iters, config::or_auto(config::at_least(1)), "auto: all steps of the run");
  v.field("power", c.power, config::above(0), "1: a straight line");
}

template <class Visitor>
void describe(Visitor& v, CosineAnnealingLRConfig& c) {
  v.field("T_max", c.T_max, config::or_auto(config::at_least(1)), "auto: all steps of the run");
  v.field("eta_min", c.eta_min, config::at_least(0), "the lowest rate");
}

template <class Visitor>
void describe(Visitor& v, CosineAnnealingWarmRestartsConfig& c) {
  v.field("T_0", c.T_0, config::at_least(1), "steps of the first");
  v.field("T_mult", c.T_mult, config::at_least(1), "each one is so many times as long as the last");
  v.field("eta_min", c.eta_min, config::at_least(0), "the lowest rate");
}

template <class Visitor>
void describe(Visitor& v, OneCycleLRConfig& c) {
  v.field("max_lr", c.max_lr, config::above(0), "the highest rate; takes the place of the optimizer's lr");
  v.field("pct_start", c.pct_start, config::between(0, 1), "the part of the steps on which the rate goes up");
  v.field("anneal_strategy", c.anneal_strategy, config::one_of({"cos", "linear"}), "the curve's form");
  v.field("cycle_momentum", c.cycle_momentum, {}, "also the momentum, or the first beta, against the rate");
  v.field("base_momentum", c.base_momentum, config::between(0, 1), "where the rate is highest");
  v.field("max_momentum", c.max_momentum, config::between(0, 1), "at the start and at the end");
  v.field("div_factor", c.div_factor, config::above(0), "the rate begins at max_lr / div_factor");
  v.field("final_div_factor", c.final_div_factor, config::above(0), "and ends so much lower still");
  v.field("three_phase", c.three_phase, {}, "down as slowly as up, then further");
}

template <class Visitor>
void describe(Visitor& v, CyclicLRConfig& c) {
  v.field("base_lr", c.base_lr, config::at_least(0), "the lowest rate; takes the place of the optimizer's lr");
  v.field("max_lr", c.max_lr, config::above(0), "the highest rate");
  v.field("step_size_up", c.step_size_up, config::at_least(1), "steps from the lowest to the highest");
  v.field("step_size_down", c.step_size_down, config::or_auto(config::at_least(1)), "auto: as many as up");
  v.field("mode", c.mode, config::one_of({"triangular", "triangular2", "exp_range"}),
          "how high later peaks are: as the first, each half as high, or by gamma to the power of the step");
  v.field("gamma", c.gamma, config::above(0), "of exp_range");
  v.field("cycle_momentum", c.cycle_momentum, {}, "also the momentum, or the first beta, against the rate");
  v.field("base_momentum", c.base_momentum, config::between(0, 1), "where the rate is highest");
  v.field("max_momentum", c.max_momentum, config::between(0, 1), "where the rate is lowest");
}

template <class Visitor>
void describe(Visitor& v, ReduceLROnPlateauConfig& c) {
  v.field("metric", c.metric, config::one_of({"accuracy", "loss"}), "of the test set");
  v.field("factor", c.factor, config::between(0, 1), "of the rate, at each reduction");
  v.field("patience", c.patience, config::at_least(0), "epochs without a better metric that change nothing");
  v.field("threshold", c.threshold, config::at_least(0), "better is better by more than that");
  v.field("threshold_mode", c.threshold_mode, config::one_of({"rel", "abs"}), "as a share of the metric, or as it is");
  v.field("cooldown", c.cooldown, config::at_least(0), "epochs after a reduction that aren't counted");
  v.field("min_lr", c.min_lr, config::at_least(0), "the lowest rate");
  v.field("eps", c.eps, config::at_least(0), "smaller changes of the rate aren't made");
}

template <class Visitor>
void describe(Visitor& v, SequentialLRConfig& c) {
  v.field("schedulers", c.schedulers, {}, "one after the other; auto steps are those that each has");
  v.field("milestones", c.milestones, config::at_least(1), "after how many steps the next one begins");
}

template <class Visitor>
void describe(Visitor& v, ChainedSchedulerConfig& c) {
  v.field("schedulers", c.schedulers, {}, "all at once");
}

template <class Visitor, class Schedule>
void describe(Visitor& v, Stepped<Schedule>& c) {
  describe(v, static_cast<Schedule&>(c));
  v.field("interval", c.interval, config::one_of({"epoch", "step"}), "what a step of the schedule is");
}

template <class Visitor>
void describe(Visitor& v, LRWarmupConfig& c) {
  v.field("steps", c.steps, config::at_least(1), "in the schedule's interval");
  v.field("start_factor", c.start_factor, config::between(0, 1), "of the rate, at the start");
}

/// Whether a schedule steps with the optimizer, not with the epoch.
bool steps_each_batch(const LRSchedulerConfig& config);

/// What no bound can say: where a schedule can't be made so, `{pointer, message}` of the key that is wrong.
struct LRSchedulerProblem {
  std::string pointer;
  std::string message;
};
std::optional<LRSchedulerProblem> find_problem(const LRSchedulerConfig& config,
                                               const std::optional<LRWarmupConfig>& warmup);

/// The schedule that a config names. `steps`: of the whole run, in the schedule's interval.
std::shared_ptr<LRScheduler> make_lr_scheduler(const LRSchedulerConfig& config,
                                               const std::optional<LRWarmupConfig>& warmup,
                                               torch::optim::Optimizer& optimizer, int64_t steps);

}  // namespace torch_ext

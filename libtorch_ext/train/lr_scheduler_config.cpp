#include "libtorch_ext/train/lr_scheduler_config.h"

#include <torch/optim/optimizer.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "libtorch_ext/optim/lr_scheduler.h"

namespace torch_ext {
namespace {

using torch::optim::Optimizer;
using SchedulerPtr = std::shared_ptr<LRScheduler>;

SchedulerPtr make(const StepLRConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<StepLR>(optimizer, c.step_size, c.gamma);
}

SchedulerPtr make(const MultiStepLRConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<MultiStepLR>(optimizer, c.milestones, c.gamma);
}

SchedulerPtr make(const ConstantLRConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<ConstantLR>(optimizer, c.factor, c.total_iters);
}

SchedulerPtr make(const LinearLRConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<LinearLR>(
      optimizer,
      LinearLROptions{.start_factor = c.start_factor, .end_factor = c.end_factor, .total_iters = c.total_iters});
}

SchedulerPtr make(const ExponentialLRConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<ExponentialLR>(optimizer, c.gamma);
}

SchedulerPtr make(const PolynomialLRConfig& c, Optimizer& optimizer, int64_t steps) {
  return std::make_shared<PolynomialLR>(optimizer, c.total_iters.value_or(steps), c.power);
}

SchedulerPtr make(const CosineAnnealingLRConfig& c, Optimizer& optimizer, int64_t steps) {
  return std::make_shared<CosineAnnealingLR>(optimizer, c.T_max.value_or(steps), c.eta_min);
}

SchedulerPtr make(const CosineAnnealingWarmRestartsConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<CosineAnnealingWarmRestarts>(optimizer, c.T_0, c.T_mult, c.eta_min);
}

SchedulerPtr make(const OneCycleLRConfig& c, Optimizer& optimizer, int64_t steps) {
  return std::make_shared<OneCycleLR>(optimizer, c.max_lr,
                                      OneCycleLROptions{.total_steps = steps,
                                                        .pct_start = c.pct_start,
                                                        .anneal_strategy = c.anneal_strategy,
                                                        .cycle_momentum = c.cycle_momentum,
                                                        .base_momentum = c.base_momentum,
                                                        .max_momentum = c.max_momentum,
                                                        .div_factor = c.div_factor,
                                                        .final_div_factor = c.final_div_factor,
                                                        .three_phase = c.three_phase});
}

SchedulerPtr make(const CyclicLRConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<CyclicLR>(optimizer, c.base_lr, c.max_lr,
                                    CyclicLROptions{.step_size_up = c.step_size_up,
                                                    .step_size_down = c.step_size_down,
                                                    .mode = c.mode,
                                                    .gamma = c.gamma,
                                                    .cycle_momentum = c.cycle_momentum,
                                                    .base_momentum = c.base_momentum,
                                                    .max_momentum = c.max_momentum});
}

SchedulerPtr make(const ReduceLROnPlateauConfig& c, Optimizer& optimizer, int64_t) {
  return std::make_shared<ReduceLROnPlateau>(optimizer,
                                             ReduceLROnPlateauOptions{.mode = c.metric == "accuracy" ? "max" : "min",
                                                                      .factor = c.factor,
                                                                      .patience = c.patience,
                                                                      .threshold = c.threshold,
                                                                      .threshold_mode = c.threshold_mode,
                                                                      .cooldown = c.cooldown,
                                                                      .min_lr = c.min_lr,
                                                                      .eps = c.eps});
}

using SchedulerPtrs = std::vector<SchedulerPtr>;

SchedulerPtr make_part(const LRSchedulerPart& part, Optimizer& optimizer, int64_t steps) {
  return std::visit([&](const auto& c) { return make(c, optimizer, std::max<int64_t>(1, steps)); }, part);
}

SchedulerPtrs make_sequence(const SequentialLRConfig& c, Optimizer& optimizer, int64_t steps) {
  SchedulerPtrs made;
  for (size_t i = 0; i < c.schedulers.size(); ++i) {
    const int64_t begin = i == 0 ? 0 : c.milestones.at(i - 1);
    const int64_t end = i < c.milestones.size() ? c.milestones[i] : steps;
    made.push_back(make_part(c.schedulers[i], optimizer, end - begin));
  }
  return made;
}

SchedulerPtr make(const SequentialLRConfig& c, Optimizer& optimizer, int64_t steps) {
  return std::make_shared<SequentialLR>(optimizer, make_sequence(c, optimizer, steps), c.milestones);
}

SchedulerPtr make(const ChainedSchedulerConfig& c, Optimizer& optimizer, int64_t steps) {
  SchedulerPtrs made;
  for (const auto& part : c.schedulers) made.push_back(make_part(part, optimizer, steps));
  return std::make_shared<ChainedScheduler>(std::move(made), &optimizer);
}

// A sequence can't be in another one, other than at its head: the warm-up becomes its first schedule.
SchedulerPtr make_warm_sequence(const LRWarmupConfig& warmup, const SequentialLRConfig& c, Optimizer& optimizer,
                                int64_t steps) {
  SchedulerPtrs made = make_sequence(c, optimizer, steps);
  const LinearLROptions rise{.start_factor = warmup.start_factor, .total_iters = warmup.steps};
  made.insert(made.begin(), std::make_shared<LinearLR>(optimizer, rise));
  std::vector<int64_t> milestones = {warmup.steps};
  for (const int64_t milestone : c.milestones) milestones.push_back(warmup.steps + milestone);
  return std::make_shared<SequentialLR>(optimizer, std::move(made), std::move(milestones));
}

std::optional<LRSchedulerProblem> problem_of(const SequentialLRConfig& c) {
  const std::string at = "/lr_scheduler/milestones";
  if (c.schedulers.empty()) return LRSchedulerProblem{"/lr_scheduler/schedulers", "found none, expected one at least"};
  if (c.milestones.size() + 1 != c.schedulers.size()) {
    return LRSchedulerProblem{at, "found " + std::to_string(c.milestones.size()) + " for " +
                                      std::to_string(c.schedulers.size()) +
                                      " schedulers, expected one less than schedulers"};
  }
  if (std::adjacent_find(c.milestones.begin(), c.milestones.end(), std::greater_equal<>()) != c.milestones.end()) {
    return LRSchedulerProblem{at, "expected each to be larger than the one before it"};
  }
  return std::nullopt;
}

}  // namespace

bool steps_each_batch(const LRSchedulerConfig& config) {
  return std::visit([](const auto& c) { return std::string(c.interval) == "step"; }, config);
}

std::optional<LRSchedulerProblem> find_problem(const LRSchedulerConfig& config,
                                               const std::optional<LRWarmupConfig>& warmup) {
  if (warmup && std::holds_alternative<ReduceLROnPlateauConfig>(config)) {
    return LRSchedulerProblem{"/lr_warmup",
                              "found one before ReduceLROnPlateau, which goes by a metric; expected null"};
  }
  if (const auto* sequence = std::get_if<Stepped<SequentialLRConfig>>(&config)) return problem_of(*sequence);
  if (const auto* chain = std::get_if<Stepped<ChainedSchedulerConfig>>(&config)) {
    if (chain->schedulers.empty()) {
      return LRSchedulerProblem{"/lr_scheduler/schedulers", "found none, expected one at least"};
    }
    if (warmup) {
      return LRSchedulerProblem{"/lr_warmup",
                                "found one before a ChainedScheduler, which can't come after another "
                                "schedule; expected null, and a LinearLR in the chain"};
    }
  }
  return std::nullopt;
}

std::shared_ptr<LRScheduler> make_lr_scheduler(const LRSchedulerConfig& config,
                                               const std::optional<LRWarmupConfig>& warmup_config, Optimizer& optimizer,
                                               int64_t steps) {
  if (warmup_config) steps = std::max<int64_t>(1, steps - warmup_config->steps);
  if (const auto* sequence = std::get_if<Stepped<SequentialLRConfig>>(&config); sequence && warmup_config) {
    return make_warm_sequence(*warmup_config, *sequence, optimizer, steps);
  }
  auto made = std::visit([&](const auto& c) { return make(c, optimizer, steps); }, config);
  if (!warmup_config) return made;
  return warmup(made, {.start_factor = warmup_config->start_factor, .total_iters = warmup_config->steps});
}

}  // namespace torch_ext

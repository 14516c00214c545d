#include "libtorch_ext/train/lr_scheduler_config.h"

#include <torch/optim/optimizer.h>

#include <algorithm>

#include "libtorch_ext/optim/lr_scheduler.h"

namespace torch_ext {
namespace {

using torch::optim::Optimizer;
using SchedulerPtr = std::shared_ptr<LRScheduler>;

SchedulerPtr make(const StepLRConfig& c, Optimizer& optimizer, int64_t ) {
  return std::make_shared<StepLR>(optimizer, c.step_size, c.gamma);
}

SchedulerPtr make(const MultiStepLRConfig& c, Optimizer& optimizer, int64_t ) {
  return std::make_shared<MultiStepLR>(optimizer, c.milestones, c.gamma);
}

SchedulerPtr make(const ConstantLRConfig& c, Optimizer& optimizer, int64_t ) {
  return std::make_shared<ConstantLR>(optimizer, c.factor, c.total_iters);
}

SchedulerPtr make(const LinearLRConfig& c, Optimizer& optimizer, int64_t ) {
  return std::make_shared<LinearLR>(optimizer, LinearLROptions{.start_factor = c.start_factor, .end_factor = c.end_factor, .total_iters = c.total_iters});
}

SchedulerPtr make(const ExponentialLRConfig& c, Optimizer& optimizer, int64_t ) {
  return std::make_shared<ExponentialLR>(optimizer, c.gamma);
}

SchedulerPtr make(const PolynomialLRConfig& c, Optimizer& optimizer, int64_t steps) {
  return std::make_shared<PolynomialLR>(optimizer, c.total_iters.value_or(steps), c.power);
}

SchedulerPtr make(const CosineAnnealingLRConfig& c, Optimizer& optimizer, int64_t steps) {
  return std::make_shared<CosineAnnealingLR>(optimizer, c.T_max.value_or(steps), c.eta_min);
}

SchedulerPtr make(const CosineAnnealingWarmRestartsConfig& c, Optimizer& optimizer, int64_t ) {
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
  return std::make_shared<ReduceLROnPlateau>(
      optimizer, ReduceLROnPlateauOptions{.mode = c.metric == "accuracy" ? "max" : "min",
                                          .factor = c.factor,
                                          .patience = c.patience,
                                          .threshold = c.threshold,
                                          .threshold_mode = c.threshold_mode,
                                          .cooldown = c.cooldown,
                                          .min_lr = c.min_lr,
                                          .eps = c.eps});
}

}  // namespace

bool steps_each_batch(const LRSchedulerConfig& config) {
  return std::visit([](const auto& c) { return std::string(c.interval) == "step"; }, config);
}

std::shared_ptr<LRScheduler> make_lr_scheduler(const LRSchedulerConfig& config,
                                               const std::optional<LRWarmupConfig>& warmup_config,
                                               Optimizer& optimizer, int64_t steps) {
  if (warmup_config) steps = std::max<int64_t>(1, steps - warmup_config->steps);
  auto made = std::visit([&](const auto& c) { return make(c, optimizer, steps); }, config);
  if (!warmup_config) return made;
  return warmup(made, {.start_factor = warmup_config->start_factor, .total_iters = warmup_config->steps});
}

}  // namespace torch_ext

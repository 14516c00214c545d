#include "libtorch_ext/train/optimizer_config.h"

#include <torch/torch.h>

#include <tuple>

#include "libtorch_ext/optim/adadelta.h"
#include "libtorch_ext/optim/adafactor.h"
#include "libtorch_ext/optim/adagrad.h"
#include "libtorch_ext/optim/adam.h"
#include "libtorch_ext/optim/adamax.h"
#include "libtorch_ext/optim/adamw.h"
#include "libtorch_ext/optim/asgd.h"
#include "libtorch_ext/optim/lamb.h"
#include "libtorch_ext/optim/lion.h"
#include "libtorch_ext/optim/nadam.h"
#include "libtorch_ext/optim/radam.h"
#include "libtorch_ext/optim/rmsprop.h"
#include "libtorch_ext/optim/rprop.h"
#include "libtorch_ext/optim/sgd.h"

namespace torch_ext {
namespace {

using PlannedGroups = std::vector<PlannedGroup>;
using OptimizerPtr = std::unique_ptr<torch::optim::Optimizer>;

std::tuple<double, double> pair(const std::vector<double>& numbers) { return {numbers.at(0), numbers.at(1)}; }

template <class Optimizer, class Options>
OptimizerPtr make_of(const PlannedGroups& groups, const Options& options) {
  if constexpr (HasWeightDecay<Options>) {
    return std::make_unique<Optimizer>(make_param_groups(groups, options), options);
  } else {
    const torch::optim::OptimizerOptions& plain = options;
    return std::make_unique<Optimizer>(make_param_groups(groups, plain), options);
  }
}

OptimizerPtr make(const SGDConfig& c, const PlannedGroups& groups) {
  return make_of<SGD>(groups, SGDOptions(c.lr)
                                  .momentum(c.momentum)
                                  .dampening(c.dampening)
                                  .weight_decay(c.weight_decay)
                                  .nesterov(c.nesterov)
                                  .maximize(c.maximize));
}

OptimizerPtr make(const AdamWConfig& c, const PlannedGroups& groups) {
  return make_of<AdamW>(groups, AdamWOptions(c.lr)
                                    .betas(pair(c.betas))
                                    .eps(c.eps)
                                    .weight_decay(c.weight_decay)
                                    .amsgrad(c.amsgrad)
                                    .maximize(c.maximize));
}

OptimizerPtr make(const AdamConfig& c, const PlannedGroups& groups) {
  return make_of<Adam>(groups, AdamOptions(c.lr)
                                   .betas(pair(c.betas))
                                   .eps(c.eps)
                                   .weight_decay(c.weight_decay)
                                   .amsgrad(c.amsgrad)
                                   .maximize(c.maximize)
                                   .decoupled_weight_decay(c.decoupled_weight_decay));
}

OptimizerPtr make(const RAdamConfig& c, const PlannedGroups& groups) {
  return make_of<RAdam>(groups, RAdamOptions(c.lr)
                                    .betas(pair(c.betas))
                                    .eps(c.eps)
                                    .weight_decay(c.weight_decay)
                                    .decoupled_weight_decay(c.decoupled_weight_decay)
                                    .maximize(c.maximize));
}

OptimizerPtr make(const NAdamConfig& c, const PlannedGroups& groups) {
  return make_of<NAdam>(groups, NAdamOptions(c.lr)
                                    .betas(pair(c.betas))
                                    .eps(c.eps)
                                    .weight_decay(c.weight_decay)
                                    .momentum_decay(c.momentum_decay)
                                    .decoupled_weight_decay(c.decoupled_weight_decay)
                                    .maximize(c.maximize));
}

OptimizerPtr make(const AdamaxConfig& c, const PlannedGroups& groups) {
  return make_of<Adamax>(
      groups, AdamaxOptions(c.lr).betas(pair(c.betas)).eps(c.eps).weight_decay(c.weight_decay).maximize(c.maximize));
}

OptimizerPtr make(const AdadeltaConfig& c, const PlannedGroups& groups) {
  return make_of<Adadelta>(
      groups, AdadeltaOptions(c.lr).rho(c.rho).eps(c.eps).weight_decay(c.weight_decay).maximize(c.maximize));
}

OptimizerPtr make(const AdagradConfig& c, const PlannedGroups& groups) {
  return make_of<Adagrad>(groups, AdagradOptions(c.lr)
                                      .lr_decay(c.lr_decay)
                                      .weight_decay(c.weight_decay)
                                      .initial_accumulator_value(c.initial_accumulator_value)
                                      .eps(c.eps)
                                      .maximize(c.maximize));
}

OptimizerPtr make(const RMSpropConfig& c, const PlannedGroups& groups) {
  return make_of<RMSprop>(groups, RMSpropOptions(c.lr)
                                      .alpha(c.alpha)
                                      .eps(c.eps)
                                      .weight_decay(c.weight_decay)
                                      .momentum(c.momentum)
                                      .centered(c.centered)
                                      .maximize(c.maximize));
}

OptimizerPtr make(const ASGDConfig& c, const PlannedGroups& groups) {
  return make_of<ASGD>(
      groups,
      ASGDOptions(c.lr).lambd(c.lambd).alpha(c.alpha).t0(c.t0).weight_decay(c.weight_decay).maximize(c.maximize));
}

OptimizerPtr make(const RpropConfig& c, const PlannedGroups& groups) {
  return make_of<Rprop>(groups,
                        RpropOptions(c.lr).etas(pair(c.etas)).step_sizes(pair(c.step_sizes)).maximize(c.maximize));
}

OptimizerPtr make(const AdafactorConfig& c, const PlannedGroups& groups) {
  return make_of<Adafactor>(groups, AdafactorOptions(c.lr)
                                        .beta2_decay(c.beta2_decay)
                                        .eps({c.eps.at(0), c.eps.at(1).value_or(1e-3)})
                                        .d(c.d)
                                        .weight_decay(c.weight_decay)
                                        .maximize(c.maximize));
}

OptimizerPtr make(const LionConfig& c, const PlannedGroups& groups) {
  return make_of<Lion>(groups,
                       LionOptions(c.lr).betas(pair(c.betas)).weight_decay(c.weight_decay).maximize(c.maximize));
}

OptimizerPtr make(const LambConfig& c, const PlannedGroups& groups) {
  return make_of<Lamb>(groups, LambOptions(c.lr).betas(pair(c.betas)).eps(c.eps).weight_decay(c.weight_decay));
}

}  // namespace

OptimizerPtr make_optimizer(const OptimizerConfig& config, const PlannedGroups& groups) {
  return std::visit([&](const auto& c) { return make(c, groups); }, config);
}

}  // namespace torch_ext

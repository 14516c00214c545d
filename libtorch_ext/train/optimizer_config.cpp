#include "libtorch_ext/train/optimizer_config.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/adamw.h"

namespace torch_ext {
namespace {

using PlannedGroups = std::vector<PlannedGroup>;
using OptimizerPtr = std::unique_ptr<torch::optim::Optimizer>;

template <class Optimizer, class Options>
OptimizerPtr make_of(const PlannedGroups& groups, const Options& options) {
  return std::make_unique<Optimizer>(make_param_groups(groups, options), options);
}

OptimizerPtr make(const SGDConfig& c, const PlannedGroups& groups) {
  return make_of<torch::optim::SGD>(groups, torch::optim::SGDOptions(c.lr)
                                                .momentum(c.momentum)
                                                .dampening(c.dampening)
                                                .weight_decay(c.weight_decay)
                                                .nesterov(c.nesterov));
}

OptimizerPtr make(const AdamWConfig& c, const PlannedGroups& groups) {
  return make_of<AdamW>(groups, torch::optim::AdamWOptions(c.lr)
                                    .betas({c.betas.at(0), c.betas.at(1)})
                                    .eps(c.eps)
                                    .weight_decay(c.weight_decay)
                                    .amsgrad(c.amsgrad));
}

}  // namespace

OptimizerPtr make_optimizer(const OptimizerConfig& config, const PlannedGroups& groups) {
  return std::visit([&](const auto& c) { return make(c, groups); }, config);
}

}  // namespace torch_ext

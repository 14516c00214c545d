#include "libtorch_ext/train/optimizer_config.h"

#include <torch/torch.h>

#include "libtorch_ext/optim/adamw.h"

namespace torch_ext {
namespace {

using Parameters = std::vector<at::Tensor>;

std::unique_ptr<torch::optim::Optimizer> make(const SGDConfig& c, Parameters parameters) {
  return std::make_unique<torch::optim::SGD>(std::move(parameters), torch::optim::SGDOptions(c.lr)
                                                                        .momentum(c.momentum)
                                                                        .dampening(c.dampening)
                                                                        .weight_decay(c.weight_decay)
                                                                        .nesterov(c.nesterov));
}

std::unique_ptr<torch::optim::Optimizer> make(const AdamWConfig& c, Parameters parameters) {
  return std::make_unique<AdamW>(std::move(parameters), torch::optim::AdamWOptions(c.lr)
                                                            .betas({c.betas.at(0), c.betas.at(1)})
                                                            .eps(c.eps)
                                                            .weight_decay(c.weight_decay)
                                                            .amsgrad(c.amsgrad));
}

}  // namespace

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OptimizerConfig& config, Parameters parameters) {
  return std::visit([&](const auto& c) { return make(c, std::move(parameters)); }, config);
}

}  // namespace torch_ext

#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"
#include "libtorch_ext/optim/param_groups.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// "optimizer": {"name": "SGD"}, with Python's arguments.
struct SGDConfig {
  static constexpr const char* kName = "SGD";
  double lr = 0.1;
  double momentum = 0.9;
  double dampening = 0;
  double weight_decay = 5e-4;
  bool nesterov = false;
};

/// "optimizer": {"name": "AdamW"}, with Python's arguments.
struct AdamWConfig {
  static constexpr const char* kName = "AdamW";
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
};

using OptimizerConfig = std::variant<SGDConfig, AdamWConfig>;

template <class Visitor>
void describe(Visitor& v, SGDConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("momentum", c.momentum, config::at_least(0));
  v.field("dampening", c.dampening, {}, "of the momentum");
  v.field("weight_decay", c.weight_decay, config::at_least(0));
  v.field("nesterov", c.nesterov, {}, "Nesterov's momentum");
}

template <class Visitor>
void describe(Visitor& v, AdamWConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "apart from the gradient");
  v.field("amsgrad", c.amsgrad);
}

/// The optimizer that a config names, of these groups.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OptimizerConfig& config,
                                                        const std::vector<PlannedGroup>& groups);

}  // namespace torch_ext

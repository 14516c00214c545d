#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "libtorch_ext/config/bound.h"
#include "libtorch_ext/optim/param_groups.h"

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace torch_ext {

/// "optimizer": one of torch.optim's classes, or Lion or Lamb, by its name, with Python's arguments and, but for SGD's,
/// Python's defaults. See the classes of these names in `optim`.
struct SGDConfig {
  static constexpr const char* kName = "SGD";
  double lr = 0.1;
  double momentum = 0.9;
  double dampening = 0;
  double weight_decay = 5e-4;
  bool nesterov = false;
  bool maximize = false;
};

struct AdamWConfig {
  static constexpr const char* kName = "AdamW";
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
};

struct AdamConfig {
  static constexpr const char* kName = "Adam";
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool maximize = false;
  bool decoupled_weight_decay = false;
};

struct RAdamConfig {
  static constexpr const char* kName = "RAdam";
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;
  bool maximize = false;
};

struct NAdamConfig {
  static constexpr const char* kName = "NAdam";
  double lr = 2e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
  bool maximize = false;
};

struct AdamaxConfig {
  static constexpr const char* kName = "Adamax";
  double lr = 2e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
};

struct AdadeltaConfig {
  static constexpr const char* kName = "Adadelta";
  double lr = 1;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
  bool maximize = false;
};

struct AdagradConfig {
  static constexpr const char* kName = "Adagrad";
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};

struct RMSpropConfig {
  static constexpr const char* kName = "RMSprop";
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};

struct ASGDConfig {
  static constexpr const char* kName = "ASGD";
  double lr = 1e-2;
  double lambd = 1e-4;
  double alpha = 0.75;
  double t0 = 1e6;
  double weight_decay = 0;
  bool maximize = false;
};

struct RpropConfig {
  static constexpr const char* kName = "Rprop";
  double lr = 1e-2;
  std::vector<double> etas = {0.5, 1.2};
  std::vector<double> step_sizes = {1e-6, 50};
  bool maximize = false;
};

struct AdafactorConfig {
  static constexpr const char* kName = "Adafactor";
  double lr = 1e-2;
  double beta2_decay = -0.8;
  std::vector<std::optional<double>> eps = {std::nullopt, 1e-3};
  double d = 1;
  double weight_decay = 0;
  bool maximize = false;
};

struct LionConfig {
  static constexpr const char* kName = "Lion";
  double lr = 1e-4;
  std::vector<double> betas = {0.9, 0.99};
  double weight_decay = 0;
  bool maximize = false;
};

struct LambConfig {
  static constexpr const char* kName = "Lamb";
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-6;
  double weight_decay = 1e-2;
  bool maximize = false;
};

using OptimizerConfig =
    std::variant<SGDConfig, AdamWConfig, AdamConfig, RAdamConfig, NAdamConfig, AdamaxConfig, AdadeltaConfig,
                 AdagradConfig, RMSpropConfig, ASGDConfig, RpropConfig, AdafactorConfig, LionConfig, LambConfig>;

template <class Visitor>
void describe(Visitor& v, SGDConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("momentum", c.momentum, config::at_least(0), "how much of the last step is added");
  v.field("dampening", c.dampening, {}, "of the momentum");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("nesterov", c.nesterov, {}, "Nesterov's momentum");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, AdamWConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("amsgrad", c.amsgrad, {}, "divides by the largest average so far");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, AdamConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("amsgrad", c.amsgrad, {}, "divides by the largest average so far");
  v.field("maximize", c.maximize, {}, "climbs instead");
  v.field("decoupled_weight_decay", c.decoupled_weight_decay, {}, "weight decay apart from the gradient");
}

template <class Visitor>
void describe(Visitor& v, RAdamConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("decoupled_weight_decay", c.decoupled_weight_decay, {}, "weight decay apart from the gradient");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, NAdamConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("momentum_decay", c.momentum_decay, config::at_least(0), "how slowly the momentum comes to the first beta");
  v.field("decoupled_weight_decay", c.decoupled_weight_decay, {}, "weight decay apart from the gradient");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, AdamaxConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, AdadeltaConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("rho", c.rho, config::between(0, 1), "how much of the averages stays");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, AdagradConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("lr_decay", c.lr_decay, config::at_least(0), "the rate is lr / (1 + step * lr_decay)");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("initial_accumulator_value", c.initial_accumulator_value, config::at_least(0), "where the sums of squares begin");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, RMSpropConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("alpha", c.alpha, config::at_least(0), "how much of the average of squares stays");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("momentum", c.momentum, config::at_least(0), "how much of the last step is added");
  v.field("centered", c.centered, {}, "divides by the variance rather than by the square");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, ASGDConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("lambd", c.lambd, {}, "how fast the rate falls");
  v.field("alpha", c.alpha, {}, "the power by which the rate falls");
  v.field("t0", c.t0, {}, "the step after which the weights are averaged");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, RpropConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("etas", c.etas, config::above(0), "factors of a step after a change of sign, and without one");
  v.field("step_sizes", c.step_sizes, config::above(0), "least and largest");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, AdafactorConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("beta2_decay", c.beta2_decay, {.maximum = 0}, "the exponent by which the decay of the averages goes to 1");
  v.field("eps", c.eps, config::at_least(0), "for the averages (null: by the dtype), and for the parameter's scale");
  v.field("d", c.d, config::at_least(1), "updates of a larger root mean square are scaled down to it");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, LionConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the momentum stays, for the step and for the next one");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
  v.field("maximize", c.maximize, {}, "climbs instead");
}

template <class Visitor>
void describe(Visitor& v, LambConfig& c) {
  v.field("lr", c.lr, config::at_least(0), "learning rate");
  v.field("betas", c.betas, config::between(0, 1), "how much of the averages stays, of gradients and their squares");
  v.field("eps", c.eps, config::at_least(0), "added to the denominator");
  v.field("weight_decay", c.weight_decay, config::at_least(0), "how strongly weights are pulled to 0");
}

/// The optimizer that a config names, of these groups.
std::unique_ptr<torch::optim::Optimizer> make_optimizer(const OptimizerConfig& config,
                                                        const std::vector<PlannedGroup>& groups);

}  // namespace torch_ext

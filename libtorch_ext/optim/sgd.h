#pragma once

#include <torch/optim/sgd.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// Python's arguments of SGD; LibTorch's class with `maximize`.
///
///     tx::SGD optimizer(tx::parameters(*model), tx::SGDOptions(0.1).momentum(0.9).nesterov(true));
struct SGDOptions : OptionsOf<SGDOptions, torch::optim::SGDParamState, torch::optim::SGDOptions> {
  using Base = torch::optim::SGDOptions;
  SGDOptions(double lr = 1e-3) : OptionsOf(Base(lr)) {}
  SGDOptions(const Base& base) : OptionsOf(base) {}

  TORCH_EXT_INHERITED_ARG(double, Base, lr)
  TORCH_EXT_INHERITED_ARG(double, Base, momentum)
  TORCH_EXT_INHERITED_ARG(double, Base, dampening)
  TORCH_EXT_INHERITED_ARG(double, Base, weight_decay)
  TORCH_EXT_INHERITED_ARG(bool, Base, nesterov)
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "SGD"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, torch::optim::SGDParamState& state) const;
};

/// Stochastic gradient descent with the arithmetic of Python's `torch.optim.SGD`: the same weights to the last bit.
/// Sparse gradients are taken where Python takes them.
///
/// Parameters in float32 on the CPU are stepped in one pass through memory, with the roundings of the operations that
/// Python calls one after the other; all others by those operations.
class SGD : public OptimizerOf<SGDOptions, torch::optim::SGDOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(SGD, SGDOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const SGDOptions& options) override;
};

}  // namespace torch_ext

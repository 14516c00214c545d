#pragma once

#include <torch/optim/rmsprop.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// Python's arguments of RMSprop; LibTorch's class with `maximize`.
struct RMSpropOptions : OptionsOf<RMSpropOptions, torch::optim::RMSpropParamState, torch::optim::RMSpropOptions> {
  using Base = torch::optim::RMSpropOptions;
  RMSpropOptions(double lr = 1e-2) : OptionsOf(Base(lr)) {}
  RMSpropOptions(const Base& base) : OptionsOf(base) {}

  TORCH_EXT_INHERITED_ARG(double, Base, lr)
  TORCH_EXT_INHERITED_ARG(double, Base, alpha)
  TORCH_EXT_INHERITED_ARG(double, Base, eps)
  TORCH_EXT_INHERITED_ARG(double, Base, weight_decay)
  TORCH_EXT_INHERITED_ARG(double, Base, momentum)
  TORCH_EXT_INHERITED_ARG(bool, Base, centered)
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "RMSprop"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, torch::optim::RMSpropParamState& state) const;
};

/// RMSprop (Hinton, 2012) with the arithmetic of Python's `torch.optim.RMSprop`: the same weights to the last bit,
/// where `torch::optim::RMSprop` drifts from Python if it is centered. Sparse gradients are refused.
class RMSprop : public OptimizerOf<RMSpropOptions, torch::optim::RMSpropOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(RMSprop, RMSpropOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const RMSpropOptions& options) override;
};

}  // namespace torch_ext

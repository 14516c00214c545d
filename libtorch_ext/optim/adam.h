#pragma once

#include <torch/optim/adam.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// Python's arguments of Adam; LibTorch's class with `maximize` and `decoupled_weight_decay`.
struct AdamOptions : OptionsOf<AdamOptions, torch::optim::AdamParamState, torch::optim::AdamOptions> {
  using Base = torch::optim::AdamOptions;
  AdamOptions(double lr = 1e-3) : OptionsOf(Base(lr)) {}
  AdamOptions(const Base& base) : OptionsOf(base) {}

  using Betas = std::tuple<double, double>;
  TORCH_EXT_INHERITED_ARG(double, Base, lr)
  TORCH_EXT_INHERITED_ARG(Betas, Base, betas)
  TORCH_EXT_INHERITED_ARG(double, Base, eps)
  TORCH_EXT_INHERITED_ARG(double, Base, weight_decay)
  TORCH_EXT_INHERITED_ARG(bool, Base, amsgrad)
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;
  /// Shrinks the parameter by `lr * weight_decay` instead of adding to the gradient: AdamW.
  TORCH_ARG(bool, decoupled_weight_decay) = false;

 public:
  static const char* name() { return "Adam"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, torch::optim::AdamParamState& state) const;
};

/// Adam (Kingma and Ba, 2015) with the arithmetic of Python's `torch.optim.Adam`: the same weights to the last bit,
/// where `torch::optim::Adam` drifts from Python by an ulp or so a step. Sparse gradients are refused.
///
/// Parameters in float32 on the CPU are stepped in one pass through memory, with the roundings of the operations that
/// Python calls one after the other; all others by those operations.
class Adam : public OptimizerOf<AdamOptions, torch::optim::AdamOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Adam, AdamOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const AdamOptions& options) override;
};

}  // namespace torch_ext

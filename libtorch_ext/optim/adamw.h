#pragma once

#include <torch/optim/adamw.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// Python's arguments of AdamW; LibTorch's class with `maximize`.
struct AdamWOptions : OptionsOf<AdamWOptions, torch::optim::AdamWParamState, torch::optim::AdamWOptions> {
  using Base = torch::optim::AdamWOptions;
  AdamWOptions(double lr = 1e-3) : OptionsOf(Base(lr)) {}
  AdamWOptions(const Base& base) : OptionsOf(base) {}

  using Betas = std::tuple<double, double>;
  TORCH_EXT_INHERITED_ARG(double, Base, lr)
  TORCH_EXT_INHERITED_ARG(Betas, Base, betas)
  TORCH_EXT_INHERITED_ARG(double, Base, eps)
  TORCH_EXT_INHERITED_ARG(double, Base, weight_decay)
  TORCH_EXT_INHERITED_ARG(bool, Base, amsgrad)
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "AdamW"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, torch::optim::AdamWParamState& state) const;
};

/// AdamW (Loshchilov and Hutter, Decoupled Weight Decay Regularization) with the arithmetic of Python's
/// `torch.optim.AdamW`: the same weights to the last bit, where `torch::optim::AdamW` drifts from Python by an ulp or
/// so a step, because it updates the first moment by `mul` and `add` instead of `lerp`. Python's defaults; sparse
/// gradients are refused.
///
/// Parameters in float32 on the CPU are stepped in one pass through memory, with the roundings of the operations that
/// Python calls one after the other; all others by those operations.
class AdamW : public OptimizerOf<AdamWOptions, torch::optim::AdamWOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(AdamW, AdamWOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const AdamWOptions& options) override;
};

}  // namespace torch_ext

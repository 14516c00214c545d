#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/momentum.h"
#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's average.
struct LionState : torch::optim::OptimizerCloneableParamState<LionState> {
  at::Tensor exp_avg;
};

/// The arguments of timm's Lion.
struct LionOptions : OptionsOf<LionOptions, LionState>, WithBeta1<LionOptions> {
  LionOptions(double lr = 1e-4) : lr_(lr) {}

  using Betas = std::tuple<double, double>;
  TORCH_ARG(double, lr);
  /// Shares of the average in the step, and in the next average.
  TORCH_ARG(Betas, betas) = Betas(0.9, 0.99);
  /// Shrinks the parameter by `lr * weight_decay`.
  TORCH_ARG(double, weight_decay) = 0;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "Lion"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, LionState& state) const;
};

/// Lion (Chen et al., Symbolic Discovery of Optimization Algorithms, 2023): steps of one size in the direction of the
/// signs. Operations, options and state are those of timm's `Lion` for single tensors, without `caution`; the same
/// weights to the last bit. Sparse gradients are refused.
class Lion : public OptimizerOf<LionOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Lion, LionOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const LionOptions& options) override;
};

}  // namespace torch_ext

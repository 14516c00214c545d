#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/momentum.h"
#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's averages.
struct RAdamState : torch::optim::OptimizerCloneableParamState<RAdamState> {
  int64_t step = 0;
  at::Tensor exp_avg, exp_avg_sq;
};

/// Python's arguments of RAdam.
struct RAdamOptions : OptionsOf<RAdamOptions, RAdamState>, WithBeta1<RAdamOptions> {
  RAdamOptions(double lr = 1e-3) : lr_(lr) {}

  using Betas = std::tuple<double, double>;
  TORCH_ARG(double, lr);
  /// Decay of the averages of the gradient and of its square.
  TORCH_ARG(Betas, betas) = Betas(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  /// Shrinks the parameter by `lr * weight_decay` instead of adding to the gradient.
  TORCH_ARG(bool, decoupled_weight_decay) = false;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "RAdam"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, RAdamState& state) const;
};

/// RAdam (Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2020) with the arithmetic of Python's
/// `torch.optim.RAdam`: the same weights to the last bit. Sparse gradients are refused.
class RAdam : public OptimizerOf<RAdamOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(RAdam, RAdamOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const RAdamOptions& options) override;
};

}  // namespace torch_ext

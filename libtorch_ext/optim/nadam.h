#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/momentum.h"
#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's averages, and the product of the momenta so far.
struct NAdamState : torch::optim::OptimizerCloneableParamState<NAdamState> {
  int64_t step = 0;
  at::Tensor mu_product;  ///< without dimensions, float32
  at::Tensor exp_avg, exp_avg_sq;
};

/// Python's arguments of NAdam.
struct NAdamOptions : OptionsOf<NAdamOptions, NAdamState>, WithBeta1<NAdamOptions> {
  NAdamOptions(double lr = 2e-3) : lr_(lr) {}

  using Betas = std::tuple<double, double>;
  TORCH_ARG(double, lr);
  /// Decay of the averages of the gradient and of its square.
  TORCH_ARG(Betas, betas) = Betas(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(double, momentum_decay) = 4e-3;
  /// Shrinks the parameter by `lr * weight_decay` instead of adding to the gradient.
  TORCH_ARG(bool, decoupled_weight_decay) = false;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "NAdam"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, NAdamState& state) const;
};

/// NAdam (Dozat, Incorporating Nesterov Momentum into Adam, 2016) with the arithmetic of Python's `torch.optim.NAdam`:
/// the same weights to the last bit. Sparse gradients are refused.
class NAdam : public OptimizerOf<NAdamOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(NAdam, NAdamOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const NAdamOptions& options) override;
};

}  // namespace torch_ext

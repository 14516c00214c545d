#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's average, and its rates.
struct ASGDState : torch::optim::OptimizerCloneableParamState<ASGDState> {
  int64_t step = 0;
  at::Tensor eta, mu;  ///< without dimensions, float32
  at::Tensor ax;       ///< the averaged parameter
};

/// Python's arguments of ASGD.
struct ASGDOptions : OptionsOf<ASGDOptions, ASGDState> {
  ASGDOptions(double lr = 1e-2) : lr_(lr) {}

  TORCH_ARG(double, lr);
  /// Decay of the parameters.
  TORCH_ARG(double, lambd) = 1e-4;
  /// The power by which the learning rate falls.
  TORCH_ARG(double, alpha) = 0.75;
  /// The step from which on parameters are averaged.
  TORCH_ARG(double, t0) = 1e6;
  TORCH_ARG(double, weight_decay) = 0;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "ASGD"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, ASGDState& state) const;
};

/// Averaged stochastic gradient descent (Polyak and Juditsky, 1992) with the arithmetic of Python's `torch.optim.ASGD`:
/// the same weights to the last bit. Sparse gradients are refused.
class ASGD : public OptimizerOf<ASGDOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(ASGD, ASGDOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const ASGDOptions& options) override;
};

}  // namespace torch_ext

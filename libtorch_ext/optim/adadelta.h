#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's averages, of the squares of the gradient and of the updates.
struct AdadeltaState : torch::optim::OptimizerCloneableParamState<AdadeltaState> {
  int64_t step = 0;
  at::Tensor square_avg, acc_delta;
};

/// Python's arguments of Adadelta.
struct AdadeltaOptions : OptionsOf<AdadeltaOptions, AdadeltaState> {
  AdadeltaOptions(double lr = 1.0) : lr_(lr) {}

  TORCH_ARG(double, lr);
  /// Decay of the averages.
  TORCH_ARG(double, rho) = 0.9;
  TORCH_ARG(double, eps) = 1e-6;
  TORCH_ARG(double, weight_decay) = 0;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "Adadelta"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, AdadeltaState& state) const;
};

/// Adadelta (Zeiler, 2012) with the arithmetic of Python's `torch.optim.Adadelta`: the same weights to the last bit.
/// Sparse gradients are refused.
class Adadelta : public OptimizerOf<AdadeltaOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Adadelta, AdadeltaOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const AdadeltaOptions& options) override;
};

}  // namespace torch_ext

#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's last gradient, and the steps of its elements.
struct RpropState : torch::optim::OptimizerCloneableParamState<RpropState> {
  int64_t step = 0;
  at::Tensor prev, step_size;
};

/// Python's arguments of Rprop.
struct RpropOptions : OptionsOf<RpropOptions, RpropState> {
  RpropOptions(double lr = 1e-2) : lr_(lr) {}

  using Pair = std::tuple<double, double>;
  /// The size of the first steps; later ones only depend on the signs of the gradients.
  TORCH_ARG(double, lr);
  /// A step's factor where the gradient's sign has changed, and where it hasn't.
  TORCH_ARG(Pair, etas) = Pair(0.5, 1.2);
  /// The smallest and the largest step.
  TORCH_ARG(Pair, step_sizes) = Pair(1e-6, 50.0);
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "Rprop"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, RpropState& state) const;
};

/// Resilient backpropagation (Riedmiller and Braun, 1993) with the arithmetic of Python's `torch.optim.Rprop`: the same
/// weights to the last bit. For full batches. Sparse gradients are refused.
class Rprop : public OptimizerOf<RpropOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Rprop, RpropOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const RpropOptions& options) override;
};

}  // namespace torch_ext

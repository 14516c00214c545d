#pragma once

#include <torch/optim/optimizer.h>

#include <optional>
#include <vector>

#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's averages of squared gradients.
struct AdafactorState : torch::optim::OptimizerCloneableParamState<AdafactorState> {
  int64_t step = 0;
  at::Tensor row_var;   ///< of two dimensions or more: one element along the last
  at::Tensor col_var;   ///< of two dimensions or more: one element along the next to last
  at::Tensor variance;  ///< of others
};

/// Python's arguments of Adafactor.
struct AdafactorOptions : OptionsOf<AdafactorOptions, AdafactorState> {
  AdafactorOptions(double lr = 1e-2) : lr_(lr) {}

  using Eps = std::tuple<std::optional<double>, double>;
  TORCH_ARG(double, lr);
  /// The exponent by which the decay of the averages goes to 1.
  TORCH_ARG(double, beta2_decay) = -0.8;
  /// For the averages, and for the parameter's scale; the first by default what the dtype can tell from 1.
  TORCH_ARG(Eps, eps) = Eps(std::nullopt, 1e-3);
  /// Updates of a larger root mean square are scaled down to it.
  TORCH_ARG(double, d) = 1.0;
  TORCH_ARG(double, weight_decay) = 0;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "Adafactor"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, AdafactorState& state) const;
};

/// Adafactor (Shazeer and Stern, 2018) with the arithmetic of Python's `torch.optim.Adafactor`: the same weights to the
/// last bit, given the same number of threads, by which ATen groups the terms of its sums. Sparse gradients and complex
/// parameters are refused.
class Adafactor : public OptimizerOf<AdafactorOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Adafactor, AdafactorOptions)

 private:
  void begin_group(const torch::optim::OptimizerParamGroup& group, AdafactorOptions& options) override;
  void update(at::Tensor& parameter, const at::Tensor& grad, const AdafactorOptions& options) override;

  double eps1_ = 0;
};

}  // namespace torch_ext

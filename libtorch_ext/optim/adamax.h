#pragma once

#include <torch/optim/optimizer.h>

#include <vector>

#include "libtorch_ext/optim/momentum.h"
#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's average and infinity norm.
struct AdamaxState : torch::optim::OptimizerCloneableParamState<AdamaxState> {
  int64_t step = 0;
  at::Tensor exp_avg, exp_inf;
};

/// Python's arguments of Adamax.
struct AdamaxOptions : OptionsOf<AdamaxOptions, AdamaxState>, WithBeta1<AdamaxOptions> {
  AdamaxOptions(double lr = 2e-3) : lr_(lr) {}

  using Betas = std::tuple<double, double>;
  TORCH_ARG(double, lr);
  /// Decay of the average of the gradient and of its infinity norm.
  TORCH_ARG(Betas, betas) = Betas(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  /// Climbs instead of descending.
  TORCH_ARG(bool, maximize) = false;

 public:
  static const char* name() { return "Adamax"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, AdamaxState& state) const;
};

/// Adamax (Kingma and Ba, Adam, 2015, section 7.1) with the arithmetic of Python's `torch.optim.Adamax`: the same
/// weights to the last bit. Sparse gradients are refused.
class Adamax : public OptimizerOf<AdamaxOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Adamax, AdamaxOptions)

 private:
  void update(at::Tensor& parameter, const at::Tensor& grad, const AdamaxOptions& options) override;
};

}  // namespace torch_ext

#pragma once

#include <torch/optim/optimizer.h>

#include <optional>
#include <vector>

#include "libtorch_ext/optim/momentum.h"
#include "libtorch_ext/optim/optimizer_of.h"

namespace torch_ext {

/// One parameter's averages.
struct LambState : torch::optim::OptimizerCloneableParamState<LambState> {
  at::Tensor exp_avg, exp_avg_sq;
};

/// The arguments of timm's Lamb.
struct LambOptions : OptionsOf<LambOptions, LambState>, WithBeta1<LambOptions> {
  LambOptions(double lr = 1e-3) : lr_(lr) {}

  using Betas = std::tuple<double, double>;
  TORCH_ARG(double, lr);
  TORCH_ARG(bool, bias_correction) = true;
  /// Decay of the averages of the gradient and of its square.
  TORCH_ARG(Betas, betas) = Betas(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-6;
  TORCH_ARG(double, weight_decay) = 0.01;
  /// Whether the gradient enters its average by `1 - beta1`, not whole.
  TORCH_ARG(bool, grad_averaging) = true;
  /// All gradients are scaled down together to this norm; that of the defaults counts.
  TORCH_ARG(std::optional<double>, max_grad_norm) = 1.0;
  /// The trust ratio is at most 1.
  TORCH_ARG(bool, trust_clip) = false;
  /// Trust ratios without weight decay, too.
  TORCH_ARG(bool, always_adapt) = false;
  /// The group's steps, which Python keeps here.
  TORCH_ARG(int64_t, step) = 0;

 public:
  static const char* name() { return "Lamb"; }
  void check() const;
  void describe(OptimizerFields& fields) override;
  bool describe_entries(OptimizerFields& fields, LambState& state) const;
};

/// LAMB (You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, 2020): Adam whose step
/// is, in each parameter, proportional to the parameter's norm. Operations, options and state are those of timm's
/// `Lamb` for single tensors, without `caution` and `decoupled_decay`; the same weights to the last bit, given the same
/// number of threads, by which ATen groups the terms of its sums. Sparse gradients are refused.
class Lamb : public OptimizerOf<LambOptions> {
 public:
  TORCH_EXT_OPTIMIZER_CONSTRUCTORS(Lamb, LambOptions)

 private:
  void begin_step() override;
  void begin_group(const torch::optim::OptimizerParamGroup& group, LambOptions& options) override;
  void update(at::Tensor& parameter, const at::Tensor& grad, const LambOptions& options) override;

  at::Tensor clip_;  // what gradients are divided by, where they are
};

}  // namespace torch_ext

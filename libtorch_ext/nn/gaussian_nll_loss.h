#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace torch_ext {

enum class LossReduction { kNone, kMean, kSum };

struct GaussianNLLLossOptions {
  bool full = false;  ///< whether the constant, log(2 pi) / 2, is added
  double eps = 1e-6;  ///< variances below count as this
  LossReduction reduction = LossReduction::kMean;
};

/// How unlikely targets are under normal distributions of means `input` and variances `variance`: Python's
/// `nn.GaussianNLLLoss`, (log(variance) + (input - target)^2 / variance) / 2.
class GaussianNLLLossImpl : public torch::nn::Cloneable<GaussianNLLLossImpl> {
 public:
  explicit GaussianNLLLossImpl(GaussianNLLLossOptions options = {}) : options(options) {}

  /// `variance`: of the input's shape, without its last dimension, or with one dimension of size 1. Throws a
  /// `c10::ValueError` for other shapes and for variances below 0.
  torch::Tensor forward(const torch::Tensor& input, const torch::Tensor& target, const torch::Tensor& variance);
  void reset() override {}

  GaussianNLLLossOptions options;

 private:
  torch::Tensor loss(const torch::Tensor& input, const torch::Tensor& target, torch::Tensor variance) const;
};
TORCH_MODULE(GaussianNLLLoss);

}  // namespace torch_ext

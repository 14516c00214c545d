#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace torch_ext {

enum class StochasticDepthMode {
  kBatch,  ///< all of the batch becomes 0, or nothing of it
  kRow,    ///< each sample for itself
};

/// A residual branch becomes 0 with probability `p` in training, and is divided by 1 - p otherwise: torchvision's
/// `ops.StochasticDepth` (Huang et al., "Deep networks with stochastic depth", 2016). Draws the same numbers as there.
class StochasticDepthImpl : public torch::nn::Cloneable<StochasticDepthImpl> {
 public:
  /// Throws a `c10::ValueError` unless 0 <= p <= 1.
  StochasticDepthImpl(double p, StochasticDepthMode mode);
  /// [N, …] to the same shape.
  torch::Tensor forward(const torch::Tensor& input);
  void reset() override {}

  double p;
  StochasticDepthMode mode;
};
TORCH_MODULE(StochasticDepth);

}  // namespace torch_ext

#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace torch_ext {

struct Dropout1dOptions {
  double p = 0.5;        ///< the share of channels that become 0 in training
  bool inplace = false;  ///< whether the result is written over the input
};

/// Whole channels of [N, C, L] or [C, L] become 0 in training, the others are divided by 1 - p: Python's
/// `nn.Dropout1d`. Draws the same numbers as there.
class Dropout1dImpl : public torch::nn::Cloneable<Dropout1dImpl> {
 public:
  explicit Dropout1dImpl(double p = 0.5) : Dropout1dImpl(Dropout1dOptions{.p = p}) {}
  /// Throws a `c10::ValueError` unless 0 <= p <= 1.
  explicit Dropout1dImpl(Dropout1dOptions options);
  torch::Tensor forward(torch::Tensor x);
  void reset() override {}

  Dropout1dOptions options;
};
TORCH_MODULE(Dropout1d);

}  // namespace torch_ext

#pragma once

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace torch_ext {

/// Options of `Hardswish` and `Hardsigmoid`.
struct HardswishOptions {
  HardswishOptions(bool inplace = false) : inplace_(inplace) {}
  /// Whether the result is written over the input.
  TORCH_ARG(bool, inplace);
};
using HardsigmoidOptions = HardswishOptions;

/// Element by element: 0 up to -3, x from 3 on, x * (x + 3) / 6 between. Python's `nn.Hardswish`, from Howard et al.,
/// "Searching for MobileNetV3", ICCV 2019.
class HardswishImpl : public torch::nn::Cloneable<HardswishImpl> {
 public:
  explicit HardswishImpl(const HardswishOptions& options = {}) : options(options) {}
  torch::Tensor forward(torch::Tensor x);
  void reset() override {}

  HardswishOptions options;
};
TORCH_MODULE(Hardswish);

/// Element by element: 0 up to -3, 1 from 3 on, x / 6 + 1 / 2 between. Python's `nn.Hardsigmoid`.
class HardsigmoidImpl : public torch::nn::Cloneable<HardsigmoidImpl> {
 public:
  explicit HardsigmoidImpl(const HardsigmoidOptions& options = {}) : options(options) {}
  torch::Tensor forward(torch::Tensor x);
  void reset() override {}

  HardsigmoidOptions options;
};
TORCH_MODULE(Hardsigmoid);

}  // namespace torch_ext

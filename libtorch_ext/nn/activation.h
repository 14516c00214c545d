#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace torch_ext {

/// Element by element: 0 up to -3, x from 3 on, x * (x + 3) / 6 between. Python's `nn.Hardswish`, from Howard et al.,
/// "Searching for MobileNetV3", ICCV 2019.
class HardswishImpl : public torch::nn::Cloneable<HardswishImpl> {
 public:
  /// `inplace`: the result is written over the input.
  explicit HardswishImpl(bool inplace = false) : inplace_(inplace) {}
  torch::Tensor forward(torch::Tensor x);
  void reset() override {}

 private:
  bool inplace_;
};
TORCH_MODULE(Hardswish);

/// Element by element: 0 up to -3, 1 from 3 on, x / 6 + 1 / 2 between. Python's `nn.Hardsigmoid`.
class HardsigmoidImpl : public torch::nn::Cloneable<HardsigmoidImpl> {
 public:
  explicit HardsigmoidImpl(bool inplace = false) : inplace_(inplace) {}
  torch::Tensor forward(torch::Tensor x);
  void reset() override {}

 private:
  bool inplace_;
};
TORCH_MODULE(Hardsigmoid);

}  // namespace torch_ext

#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "libtorch_ext/models/options.h"

namespace torch_ext {

/// LeNet-5 (LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998) as it is written today: two
/// convolutions with ReLU and max pooling, `conv1` and `conv2`, and three linear layers, `fc1` to `fc3`. Input
/// [batch, in_channels, 28, 28], output [batch, num_classes].
class LeNetImpl : public torch::nn::Cloneable<LeNetImpl> {
 public:
  explicit LeNetImpl(const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  ModelOptions options_;
  torch::nn::Conv2d conv1_ = nullptr, conv2_ = nullptr;
  torch::nn::Linear fc1_ = nullptr, fc2_ = nullptr, fc3_ = nullptr;
};
TORCH_MODULE(LeNet);

/// 61,706 parameters for 10 classes of grey images.
LeNet lenet(const ModelOptions& options = {});

}  // namespace torch_ext

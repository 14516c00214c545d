#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/pooling.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// ResNet (He et al., Deep Residual Learning for Image Recognition) as torchvision builds it: the same names in
/// the `state_dict`, the same order of construction and so, from the same seed, the same initial weights, and the
/// same operations in `forward`. Input [batch, in_channels, H, W], output [batch, num_classes].
///
/// `in_channels` other than 3 does what Python programs do: the finished model gets a fresh
/// `conv1 = Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)`.
class ResNetImpl : public torch::nn::Cloneable<ResNetImpl> {
 public:
  /// `layers`: the number of blocks in each of the four stages.
  ResNetImpl(std::vector<int64_t> layers, const ModelOptions& options);

  torch::Tensor forward(torch::Tensor x);
  void reset() override;

 private:
  Sequential make_layer(int64_t planes, int64_t blocks, int64_t stride);

  std::vector<int64_t> layers_;
  ModelOptions options_;
  int64_t inplanes_ = 64;
  torch::nn::Conv2d conv1_ = nullptr;
  torch::nn::BatchNorm2d bn1_ = nullptr;
  torch::nn::ReLU relu_ = nullptr;
  torch::nn::MaxPool2d maxpool_ = nullptr;
  Sequential layer1_ = nullptr;
  Sequential layer2_ = nullptr;
  Sequential layer3_ = nullptr;
  Sequential layer4_ = nullptr;
  torch::nn::AdaptiveAvgPool2d avgpool_ = nullptr;
  torch::nn::Linear fc_ = nullptr;
};
TORCH_MODULE(ResNet);

/// 18 layers of basic blocks: torchvision's `resnet18`.
ResNet resnet18(const ModelOptions& options = {});
/// 34 layers of basic blocks: torchvision's `resnet34`.
ResNet resnet34(const ModelOptions& options = {});

}  // namespace torch_ext

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

/// What tells one ResNet from another.
struct ResNetLayout {
  /// The number of blocks in each of the four stages.
  std::vector<int64_t> layers;
  /// Whether blocks are of three convolutions, 1x1, 3x3 and 1x1, with four times as many outputs; else of two.
  bool bottleneck = false;
  /// Groups of the 3x3 convolutions: more than one in ResNeXt. Needs `bottleneck`.
  int64_t groups = 1;
  /// Channels of a group in the first stage: 128 in Wide ResNet. Needs `bottleneck` where it isn't 64.
  int64_t width_per_group = 64;
};

/// ResNet (He et al., Deep Residual Learning for Image Recognition) as torchvision builds it: the same names in
/// the `state_dict`, the same order of construction and so, from the same seed, the same initial weights, and the
/// same operations in `forward`. Input [batch, in_channels, H, W], output [batch, num_classes].
///
/// `in_channels` other than 3 does what Python programs do: the finished model gets a fresh
/// `conv1 = Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)`.
class ResNetImpl : public torch::nn::Cloneable<ResNetImpl> {
 public:
  /// Throws a `c10::ValueError` for a layout that torchvision refuses, and for sizes below one.
  ResNetImpl(ResNetLayout layout, const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  Sequential make_layer(int64_t planes, int64_t blocks, int64_t stride);
  TensorModule make_block(int64_t planes, int64_t stride) const;

  ResNetLayout layout_;
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
/// 50 layers of bottleneck blocks: torchvision's `resnet50`.
ResNet resnet50(const ModelOptions& options = {});
/// 101 layers of bottleneck blocks: torchvision's `resnet101`.
ResNet resnet101(const ModelOptions& options = {});
/// 152 layers of bottleneck blocks: torchvision's `resnet152`.
ResNet resnet152(const ModelOptions& options = {});
/// ResNeXt (Xie et al.) of 50 layers, 32 groups of width 4.
ResNet resnext50_32x4d(const ModelOptions& options = {});
/// ResNeXt of 101 layers, 32 groups of width 8.
ResNet resnext101_32x8d(const ModelOptions& options = {});
/// ResNeXt of 101 layers, 64 groups of width 4.
ResNet resnext101_64x4d(const ModelOptions& options = {});
/// Wide ResNet (Zagoruyko et al.): `resnet50` with twice the width in its 3x3 convolutions.
ResNet wide_resnet50_2(const ModelOptions& options = {});
/// `resnet101` with twice the width in its 3x3 convolutions.
ResNet wide_resnet101_2(const ModelOptions& options = {});

}  // namespace torch_ext

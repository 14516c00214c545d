#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/pooling.h>
#include <torch/nn/pimpl.h>

#include <array>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// What tells one VGG from another.
struct VggLayout {
  /// The number of 3x3 convolutions in each of the five stages; a pooling ends each stage.
  std::array<int64_t, 5> convolutions;
  /// Whether a `BatchNorm2d` follows each convolution.
  bool batch_norm = false;
};

/// VGG (Simonyan and Zisserman, Very Deep Convolutional Networks) as torchvision builds it. Input [batch, 3, H, W]
/// with H and W of at least 32, output [batch, num_classes]. Throws a `c10::ValueError` for `in_channels` other than 3.
///
///     tx::VGG model = tx::vgg11_bn({.num_classes = 20});
///     model->forward(torch::zeros({1, 3, 224, 224}));  // [1, 20]
class VGGImpl : public torch::nn::Cloneable<VGGImpl> {
 public:
  VGGImpl(VggLayout layout, const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  VggLayout layout_;
  ModelOptions options_;
  Sequential features_ = nullptr;
  torch::nn::AdaptiveAvgPool2d avgpool_ = nullptr;
  Sequential classifier_ = nullptr;
};
TORCH_MODULE(VGG);

/// torchvision's functions of the same names: so many layers with weights, `_bn` with batch normalization.
VGG vgg11(const ModelOptions& options = {});
VGG vgg11_bn(const ModelOptions& options = {});
VGG vgg13(const ModelOptions& options = {});
VGG vgg13_bn(const ModelOptions& options = {});
VGG vgg16(const ModelOptions& options = {});
VGG vgg16_bn(const ModelOptions& options = {});
VGG vgg19(const ModelOptions& options = {});
VGG vgg19_bn(const ModelOptions& options = {});

}  // namespace torch_ext

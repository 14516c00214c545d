#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// A residual network of nine layers for images of about 32 x 32, which trains in minutes: after D. Page's "How to
/// train your ResNet" (DAWNBench, 2018). Convolutions of 3 x 3 with batch norm and ReLU: `width` channels, then twice,
/// 4 times and 8 times as many, each followed by a 2 x 2 pooling, with a residual pair after the first and the last.
/// Input [batch, in_channels, H, W] with H and W of at least 8, output [batch, num_classes].
class ResNet9Impl : public torch::nn::Cloneable<ResNet9Impl> {
 public:
  ResNet9Impl(const ModelOptions& options, int64_t width);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  ModelOptions options_;
  int64_t width_;
  Sequential prep_ = nullptr, layer1_ = nullptr, residual1_ = nullptr, layer2_ = nullptr, layer3_ = nullptr,
             residual3_ = nullptr;
  torch::nn::Linear fc_ = nullptr;
};
TORCH_MODULE(ResNet9);

/// Of width 24: 1.0 million parameters.
ResNet9 resnet9(const ModelOptions& options = {});

}  // namespace torch_ext

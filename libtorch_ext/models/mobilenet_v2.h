#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// MobileNetV2 (Sandler et al., Inverted Residuals and Linear Bottlenecks) as torchvision builds it. Input
/// [batch, 3, H, W], output [batch, num_classes]. Throws a `c10::ValueError` for `in_channels` other than 3.
///
///     tx::MobileNetV2 model = tx::mobilenet_v2({.num_classes = 20});
///     model->forward(torch::zeros({1, 3, 224, 224}));  // [1, 20]
class MobileNetV2Impl : public torch::nn::Cloneable<MobileNetV2Impl> {
 public:
  explicit MobileNetV2Impl(const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  ModelOptions options_;
  Sequential features_ = nullptr;
  Sequential classifier_ = nullptr;
};
TORCH_MODULE(MobileNetV2);

/// torchvision's `mobilenet_v2`.
MobileNetV2 mobilenet_v2(const ModelOptions& options = {});

}  // namespace torch_ext

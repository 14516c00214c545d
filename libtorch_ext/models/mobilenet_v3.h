#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/pooling.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// A block of MobileNetV3: from `inputs` channels to `expanded`, filtered by `kernel_size` at `stride`, to `outputs`.
struct MobileNetV3Block {
  int64_t inputs, kernel_size, expanded, outputs;
  bool squeeze_excitation;
  /// Hardswish; else ReLU.
  bool hardswish;
  int64_t stride;
};

/// What tells one MobileNetV3 from another.
struct MobileNetV3Layout {
  std::vector<MobileNetV3Block> blocks;
  /// Channels of the hidden layer of the classifier.
  int64_t last_channels;
};

/// MobileNetV3 (Howard et al., Searching for MobileNetV3) as torchvision builds it. Input [batch, 3, H, W], output
/// [batch, num_classes]. Throws a `c10::ValueError` for `in_channels` other than 3.
///
///     tx::MobileNetV3 model = tx::mobilenet_v3_small({.num_classes = 20});
///     model->forward(torch::zeros({1, 3, 224, 224}));  // [1, 20]
class MobileNetV3Impl : public torch::nn::Cloneable<MobileNetV3Impl> {
 public:
  MobileNetV3Impl(MobileNetV3Layout layout, const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  MobileNetV3Layout layout_;
  ModelOptions options_;
  Sequential features_ = nullptr;
  torch::nn::AdaptiveAvgPool2d avgpool_ = nullptr;
  Sequential classifier_ = nullptr;
};
TORCH_MODULE(MobileNetV3);

/// torchvision's functions of the same names.
MobileNetV3 mobilenet_v3_large(const ModelOptions& options = {});
MobileNetV3 mobilenet_v3_small(const ModelOptions& options = {});

}  // namespace torch_ext

#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/pooling.h>
#include <torch/nn/pimpl.h>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// AlexNet (Krizhevsky, One weird trick for parallelizing convolutional neural networks) as torchvision builds it.
/// Input [batch, 3, H, W] with H and W of at least 63, output [batch, num_classes]. Throws a `c10::ValueError` for
/// `in_channels` other than 3.
///
///     tx::AlexNet model = tx::alexnet({.num_classes = 20});
///     model->forward(torch::zeros({1, 3, 224, 224}));  // [1, 20]
class AlexNetImpl : public torch::nn::Cloneable<AlexNetImpl> {
 public:
  explicit AlexNetImpl(const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  ModelOptions options_;
  Sequential features_ = nullptr;
  torch::nn::AdaptiveAvgPool2d avgpool_ = nullptr;
  Sequential classifier_ = nullptr;
};
TORCH_MODULE(AlexNet);

/// torchvision's `alexnet`.
AlexNet alexnet(const ModelOptions& options = {});

}  // namespace torch_ext

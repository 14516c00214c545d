#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <array>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// What tells one DenseNet from another.
struct DenseNetLayout {
  /// Channels that each layer adds.
  int64_t growth_rate;
  /// The number of layers in each of the four blocks.
  std::array<int64_t, 4> layers;
  /// Channels of the first convolution.
  int64_t init_features;
};

/// DenseNet (Huang et al., Densely Connected Convolutional Networks) as torchvision builds it. Input [batch, 3, H, W]
/// with H and W of at least 29, output [batch, num_classes]. Throws a `c10::ValueError` for `in_channels` other than 3.
///
///     tx::DenseNet model = tx::densenet121({.num_classes = 20});
///     model->forward(torch::zeros({1, 3, 224, 224}));  // [1, 20]
class DenseNetImpl : public torch::nn::Cloneable<DenseNetImpl> {
 public:
  DenseNetImpl(DenseNetLayout layout, const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  DenseNetLayout layout_;
  ModelOptions options_;
  Sequential features_ = nullptr;
  torch::nn::Linear classifier_ = nullptr;
};
TORCH_MODULE(DenseNet);

/// torchvision's functions of the same names.
DenseNet densenet121(const ModelOptions& options = {});
DenseNet densenet161(const ModelOptions& options = {});
DenseNet densenet169(const ModelOptions& options = {});
DenseNet densenet201(const ModelOptions& options = {});

}  // namespace torch_ext

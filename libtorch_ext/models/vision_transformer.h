#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <optional>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// What tells one vision transformer from another.
struct VisionTransformerLayout {
  /// Pixels of a side of a patch: a divisor of 224, the side of the images.
  int64_t patch_size;
  int64_t num_layers;
  int64_t num_heads;
  /// Length of a token; a multiple of `num_heads`.
  int64_t hidden_dim;
  /// Length of the hidden layer after each attention.
  int64_t mlp_dim;
};

/// A vision transformer (Dosovitskiy et al., An Image is Worth 16x16 Words) as torchvision builds it. Input
/// [batch, 3, 224, 224], output [batch, num_classes]. Throws a `c10::ValueError` for `in_channels` other than 3, for a
/// layout that can't be, and for images of another size.
///
///     tx::VisionTransformer model = tx::vit_b_16({.num_classes = 20});
///     model->forward(torch::zeros({1, 3, 224, 224}));  // [1, 20]
class VisionTransformerImpl : public torch::nn::Cloneable<VisionTransformerImpl> {
 public:
  VisionTransformerImpl(VisionTransformerLayout layout, const ModelOptions& options);

  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

 private:
  torch::Tensor tokens_of(const torch::Tensor& images);

  VisionTransformerLayout layout_;
  ModelOptions options_;
  torch::Tensor class_token_;
  torch::nn::Conv2d conv_proj_ = nullptr;
  std::optional<TensorModule> encoder_;
  Sequential heads_ = nullptr;
};
TORCH_MODULE(VisionTransformer);

/// torchvision's functions of the same names: base, large and huge, and the side of a patch.
VisionTransformer vit_b_16(const ModelOptions& options = {});
VisionTransformer vit_b_32(const ModelOptions& options = {});
VisionTransformer vit_l_16(const ModelOptions& options = {});
VisionTransformer vit_l_32(const ModelOptions& options = {});
VisionTransformer vit_h_14(const ModelOptions& options = {});

}  // namespace torch_ext

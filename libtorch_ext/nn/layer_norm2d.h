#pragma once

#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <optional>

namespace torch_ext {

/// Normalises the channels at each pixel: torchvision's `LayerNorm2d`, as ConvNeXt has it. Its weights are a
/// `LayerNorm`'s.
class LayerNorm2dImpl : public torch::nn::LayerNormImpl {
 public:
  explicit LayerNorm2dImpl(int64_t channels) : LayerNormImpl(torch::nn::LayerNormOptions({channels})) {}
  explicit LayerNorm2dImpl(const torch::nn::LayerNormOptions& options) : LayerNormImpl(options) {}
  /// Shares the weights of `norm`.
  explicit LayerNorm2dImpl(const torch::nn::LayerNormImpl& norm) : LayerNormImpl(norm) {}

  /// [N, C, H, W] to the same shape. Throws a `c10::ValueError` for other shapes.
  torch::Tensor forward(const torch::Tensor& input);
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;
};
TORCH_MODULE(LayerNorm2d);

}  // namespace torch_ext

#pragma once

#include <torch/nn/modules/upsampling.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <optional>

namespace torch_ext {

/// Python's `nn.Upsample`: LibTorch's, but one size or factor is taken for all dimensions of the image, however many
/// these are. LibTorch's own wants as many as there are.
class UpsampleImpl : public torch::nn::UpsampleImpl {
 public:
  using torch::nn::UpsampleImpl::UpsampleImpl;
  /// [N, C, …] to [N, C, …] of the size, or of the factor times the size.
  torch::Tensor forward(const torch::Tensor& input);
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;
};
TORCH_MODULE(Upsample);

/// Python's `nn.UpsamplingNearest2d`: the nearest pixel, whatever mode the options name.
///
/// ```cpp
/// tx::UpsamplingNearest2d up(torch::nn::UpsampleOptions().scale_factor(std::vector<double>{2}));
/// up->forward(torch::ones({1, 3, 4, 5}));  // [1, 3, 8, 10]
/// ```
class UpsamplingNearest2dImpl : public UpsampleImpl {
 public:
  explicit UpsamplingNearest2dImpl(torch::nn::UpsampleOptions options = {});
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;
};
TORCH_MODULE(UpsamplingNearest2d);

/// Python's `nn.UpsamplingBilinear2d`: bilinear with aligned corners, whatever the options say.
class UpsamplingBilinear2dImpl : public UpsampleImpl {
 public:
  explicit UpsamplingBilinear2dImpl(torch::nn::UpsampleOptions options = {});
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;
};
TORCH_MODULE(UpsamplingBilinear2d);

}  // namespace torch_ext

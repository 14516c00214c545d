#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <optional>
#include <vector>

namespace torch_ext {

struct RMSNormOptions {
  std::vector<int64_t> normalized_shape;  ///< the last dimensions, over which the mean is taken
  std::optional<double> eps = {};         ///< added to the mean square; none: the dtype's own epsilon
  bool elementwise_affine = true;         ///< whether there is a learnable factor for each element, `weight`
};

/// x / sqrt(mean(x^2) + eps) * weight over the last dimensions: Python's `nn.RMSNorm`, from Zhang and Sennrich, "Root
/// mean square layer normalization", 2019. The shape stays.
///
///     tx::RMSNorm norm(512);   // [batch, length, 512]
class RMSNormImpl : public torch::nn::Cloneable<RMSNormImpl> {
 public:
  explicit RMSNormImpl(int64_t size) : RMSNormImpl(RMSNormOptions{.normalized_shape = {size}}) {}
  explicit RMSNormImpl(RMSNormOptions options);
  torch::Tensor forward(const torch::Tensor& x);
  void reset() override;

  RMSNormOptions options;
  torch::Tensor weight;  ///< `normalized_shape`; undefined without `elementwise_affine`
};
TORCH_MODULE(RMSNorm);

}  // namespace torch_ext

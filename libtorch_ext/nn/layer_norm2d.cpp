#include "libtorch_ext/nn/layer_norm2d.h"

#include <torch/types.h>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

torch::Tensor LayerNorm2dImpl::forward(const torch::Tensor& input) {
  const auto run = [this](const torch::Tensor& x) {
    TORCH_CHECK_VALUE(x.dim() == 4, "LayerNorm2d: the input is ", x.sizes(), "; expected [N, C, H, W]");
    const torch::Tensor channels_last = x.permute({0, 2, 3, 1});
    return at::layer_norm(channels_last, options.normalized_shape(), weight, bias, options.eps()).permute({0, 3, 1, 2});
  };
  return observed(*this, run, input);
}

std::shared_ptr<torch::nn::Module> LayerNorm2dImpl::clone(const std::optional<torch::Device>& device) const {
  return std::make_shared<LayerNorm2dImpl>(dynamic_cast<const LayerNormImpl&>(*LayerNormImpl::clone(device)));
}

}  // namespace torch_ext

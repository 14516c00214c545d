#include "libtorch_ext/nn/rms_norm.h"

#include <torch/types.h>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

RMSNormImpl::RMSNormImpl(RMSNormOptions given) : options(std::move(given)) {
  TORCH_CHECK_VALUE(!options.normalized_shape.empty(), "RMSNorm: normalized_shape is empty; expected dimensions");
  reset();
}

void RMSNormImpl::reset() {
  weight = options.elementwise_affine ? register_parameter("weight", torch::ones(options.normalized_shape))
                                      : register_parameter("weight", {}, /*requires_grad=*/false);
}

torch::Tensor RMSNormImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    return at::rms_norm(x, options.normalized_shape, weight.defined() ? std::optional(weight) : std::nullopt,
                        options.eps);
  };
  return observed(*this, run, x);
}

}  // namespace torch_ext

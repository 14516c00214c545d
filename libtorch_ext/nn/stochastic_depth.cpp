#include "libtorch_ext/nn/stochastic_depth.h"

#include <torch/types.h>

#include <vector>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

StochasticDepthImpl::StochasticDepthImpl(double p, StochasticDepthMode mode) : p(p), mode(mode) {
  TORCH_CHECK_VALUE(0 <= p && p <= 1, "StochasticDepth: p is ", p, "; expected a number from 0 to 1");
}

torch::Tensor StochasticDepthImpl::forward(const torch::Tensor& input) {
  const auto run = [this](const torch::Tensor& x) {
    if (!is_training() || p == 0) return x;
    const double survival_rate = 1 - p;
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    if (mode == StochasticDepthMode::kRow && x.dim() > 0) shape[0] = x.size(0);
    torch::Tensor survives = at::empty(shape, x.options()).bernoulli_(survival_rate);
    if (survival_rate > 0) survives.div_(survival_rate);
    return x * survives;
  };
  return observed(*this, run, input);
}

}  // namespace torch_ext

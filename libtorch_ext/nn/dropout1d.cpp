#include "libtorch_ext/nn/dropout1d.h"

#include <ATen/Functions.h>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

Dropout1dImpl::Dropout1dImpl(Dropout1dOptions given) : options(given) {
  TORCH_CHECK_VALUE(0 <= options.p && options.p <= 1, "Dropout1d: p is ", options.p, "; expected a number from 0 to 1");
}

torch::Tensor Dropout1dImpl::forward(torch::Tensor x) {
  TORCH_CHECK_VALUE(x.dim() == 2 || x.dim() == 3, "Dropout1d: the input is ", x.sizes(),
                    "; expected [N, C, L] or [C, L]");
  const auto run = [this](const torch::Tensor& x) {
    torch::Tensor batch = x.dim() == 3 ? x : x.unsqueeze(0);
    if (!options.inplace) return at::feature_dropout(batch, options.p, is_training()).view(x.sizes());
    at::feature_dropout_(batch, options.p, is_training());
    return x;
  };
  return observed(*this, run, x);
}

}  // namespace torch_ext

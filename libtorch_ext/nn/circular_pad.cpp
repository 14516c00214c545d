#include "libtorch_ext/nn/circular_pad.h"

#include <ATen/Functions.h>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

template <size_t D>
torch::Tensor CircularPad<D>::pad(const torch::Tensor& x) const {
  constexpr auto kDims = static_cast<int64_t>(D);
  TORCH_CHECK_VALUE(x.dim() == kDims + 1 || x.dim() == kDims + 2, "CircularPad", kDims, "d: the input is ", x.sizes(),
                    "; expected ", kDims + 1, " or ", kDims + 2, " dimensions");
  return at::pad(x, padding, "circular");
}

template class CircularPad<1>;
template class CircularPad<2>;
template class CircularPad<3>;

torch::Tensor CircularPad1dImpl::forward(const torch::Tensor& x) {
  return observed(
      *this, [this](const torch::Tensor& x) { return pad(x); }, x);
}

torch::Tensor CircularPad2dImpl::forward(const torch::Tensor& x) {
  return observed(
      *this, [this](const torch::Tensor& x) { return pad(x); }, x);
}

torch::Tensor CircularPad3dImpl::forward(const torch::Tensor& x) {
  return observed(
      *this, [this](const torch::Tensor& x) { return pad(x); }, x);
}

}  // namespace torch_ext

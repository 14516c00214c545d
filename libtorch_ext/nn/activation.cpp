#include "libtorch_ext/nn/activation.h"

#include <ATen/Functions.h>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

torch::Tensor HardswishImpl::forward(torch::Tensor x) {
  return observed(
      *this, [this](torch::Tensor& x) { return options.inplace() ? at::hardswish_(x) : at::hardswish(x); }, x);
}

torch::Tensor HardsigmoidImpl::forward(torch::Tensor x) {
  return observed(
      *this, [this](torch::Tensor& x) { return options.inplace() ? at::hardsigmoid_(x) : at::hardsigmoid(x); }, x);
}

}  // namespace torch_ext

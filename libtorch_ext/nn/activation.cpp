#include "libtorch_ext/nn/activation.h"

#include <ATen/Functions.h>

namespace torch_ext {

torch::Tensor HardswishImpl::forward(torch::Tensor x) { return inplace_ ? at::hardswish_(x) : at::hardswish(x); }

torch::Tensor HardsigmoidImpl::forward(torch::Tensor x) { return inplace_ ? at::hardsigmoid_(x) : at::hardsigmoid(x); }

}  // namespace torch_ext

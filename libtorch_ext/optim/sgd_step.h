#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "libtorch_ext/optim/step_kernels.h"

namespace torch_ext {

/// SGD's options for one step.
struct SgdArguments {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
};

/// One step of Python's SGD; `momentum_buffer` is undefined before the first, and without momentum. One pass through
/// memory for float32 on the CPU; the operations that Python calls for the rest.
void sgd_step(at::Tensor& parameter, const at::Tensor& grad, at::Tensor& momentum_buffer,
              const SgdArguments& arguments);

/// The rounding of the single pass, found by trying both; none where ATen's operations are called instead.
std::optional<Rounding> sgd_rounding();

}  // namespace torch_ext

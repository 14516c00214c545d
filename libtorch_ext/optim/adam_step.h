#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "libtorch_ext/optim/step_kernels.h"

namespace torch_ext {

/// What Adam and AdamW differ in, and have in common.
struct AdamArguments {
  double lr, beta1, beta2, eps, weight_decay;
  bool amsgrad, maximize, decoupled_weight_decay;
};

/// A parameter's averages; `max_exp_avg_sq` is used under amsgrad only.
struct AdamAverages {
  at::Tensor& exp_avg;
  at::Tensor& exp_avg_sq;
  at::Tensor& max_exp_avg_sq;
};

/// Step number `step`, from 1, of Python's Adam. One pass through memory for float32 on the CPU; the operations that
/// Python calls for the rest.
void adam_step(at::Tensor& parameter, const at::Tensor& grad, const AdamAverages& averages, int64_t step,
               const AdamArguments& arguments);

/// The rounding of the single pass, found by trying both; none where ATen's operations are called instead.
std::optional<Rounding> adam_rounding();

}  // namespace torch_ext

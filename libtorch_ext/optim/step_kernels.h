#pragma once

#include <cstdint>

namespace torch_ext {

/// How ATen's CPU kernels round a product that is added to something: with the AVX2 and AVX512 kernels once, fused;
/// with those for older processors twice.
enum class Rounding { kFused, kSeparate };

/// One step of SGD, all in float32.
struct SgdStep {
  float sign;  ///< of the gradient: -1 under maximize
  float weight_decay;
  float momentum;
  float one_minus_dampening;
  float minus_lr;
  bool decays, has_momentum, is_first, nesterov;
};

/// Steps `n` elements in one pass; without momentum `buffer` is not touched.
void sgd_kernel(Rounding rounding, const SgdStep& step, int64_t n, float* parameter, const float* grad, float* buffer);

/// One step of Adam or AdamW, all in float32.
struct AdamStep {
  float sign;          ///< of the gradient: -1 under maximize
  float weight_decay;  ///< added to the gradient, times the parameter
  float shrink;        ///< the parameter's factor
  float one_minus_beta1;
  float beta2;
  float one_minus_beta2;
  float bias_correction2_sqrt;
  float eps;
  float minus_step_size;
  bool decays, shrinks, amsgrad;
};

/// Updates the averages of `n` elements, and writes what the square root is to be taken of to `root`. `maximum` is
/// touched under amsgrad only.
void adam_moments_kernel(Rounding rounding, const AdamStep& step, int64_t n, float* parameter, const float* grad,
                         float* exp_avg, float* exp_avg_sq, float* maximum, float* root);
/// Updates `n` parameters, given the square roots.
void adam_parameter_kernel(Rounding rounding, const AdamStep& step, int64_t n, float* parameter, const float* exp_avg,
                           const float* root);

}  // namespace torch_ext

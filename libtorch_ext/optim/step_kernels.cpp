#include "libtorch_ext/optim/step_kernels.h"

#include <cmath>

// Compiled without contraction of its own (-ffp-contract=off): each rounding below is one of ATen's.

#if defined(__x86_64__) && defined(__GNUC__)
#define TORCH_EXT_FUSED_TARGET __attribute__((target("avx2,fma")))
#else
#define TORCH_EXT_FUSED_TARGET
#endif
#define TORCH_EXT_INLINE inline __attribute__((always_inline))

namespace torch_ext {
namespace {

template <Rounding rounding>
TORCH_EXT_INLINE float multiply_add(float a, float b, float c) {
  if constexpr (rounding == Rounding::kFused) return __builtin_fmaf(a, b, c);
  return a * b + c;
}

template <Rounding rounding>
TORCH_EXT_INLINE float lerp(float from, float to, float weight) {
  const float difference = to - from;
  return weight < 0.5f ? multiply_add<rounding>(weight, difference, from)
                       : multiply_add<rounding>(-difference, 1 - weight, to);
}

template <Rounding rounding, bool decays, bool has_momentum, bool nesterov>
TORCH_EXT_INLINE void sgd_loop(const SgdStep& given, int64_t n, float* __restrict p, const float* __restrict grad,
                               float* __restrict buffer) {
  const SgdStep step = given;
  for (int64_t i = 0; i < n; ++i) {
    float g = step.sign * grad[i];
    if constexpr (decays) g = multiply_add<rounding>(p[i], step.weight_decay, g);
    if constexpr (has_momentum) {
      const float moved = multiply_add<rounding>(g, step.one_minus_dampening, buffer[i] * step.momentum);
      buffer[i] = moved;
      g = nesterov ? multiply_add<rounding>(moved, step.momentum, g) : moved;
    }
    p[i] = multiply_add<rounding>(g, step.minus_lr, p[i]);
  }
}

// The first step, at which the gradient becomes the momentum.
template <Rounding rounding>
TORCH_EXT_INLINE void first_sgd_loop(const SgdStep& given, int64_t n, float* __restrict p,
                                     const float* __restrict grad, float* __restrict buffer) {
  const SgdStep step = given;
  for (int64_t i = 0; i < n; ++i) {
    float g = step.sign * grad[i];
    g = step.decays ? multiply_add<rounding>(p[i], step.weight_decay, g) : g;
    buffer[i] = g;
    g = step.nesterov ? multiply_add<rounding>(g, step.momentum, g) : g;
    p[i] = multiply_add<rounding>(g, step.minus_lr, p[i]);
  }
}

template <Rounding rounding, bool decays>
TORCH_EXT_INLINE void sgd(const SgdStep& step, int64_t n, float* p, const float* grad, float* buffer) {
  if (!step.has_momentum) {
    sgd_loop<rounding, decays, false, false>(step, n, p, grad, buffer);
  } else if (step.is_first) {
    first_sgd_loop<rounding>(step, n, p, grad, buffer);
  } else if (step.nesterov) {
    sgd_loop<rounding, decays, true, true>(step, n, p, grad, buffer);
  } else {
    sgd_loop<rounding, decays, true, false>(step, n, p, grad, buffer);
  }
}

template <Rounding rounding>
TORCH_EXT_INLINE void sgd(const SgdStep& step, int64_t n, float* p, const float* grad, float* buffer) {
  if (step.decays) {
    sgd<rounding, true>(step, n, p, grad, buffer);
  } else {
    sgd<rounding, false>(step, n, p, grad, buffer);
  }
}

template <Rounding rounding, bool decays, bool shrinks, bool amsgrad>
TORCH_EXT_INLINE void moments_loop(const AdamStep& given, int64_t n, float* __restrict p, const float* __restrict grad,
                                   float* __restrict exp_avg, float* __restrict exp_avg_sq, float* __restrict maximum,
                                   float* __restrict root) {
  const AdamStep step = given;
  for (int64_t i = 0; i < n; ++i) {
    float g = step.sign * grad[i];
    if constexpr (shrinks) p[i] *= step.shrink;
    if constexpr (decays) g = multiply_add<rounding>(p[i], step.weight_decay, g);
    exp_avg[i] = lerp<rounding>(exp_avg[i], g, step.one_minus_beta1);
    const float second = multiply_add<rounding>(step.one_minus_beta2 * g, g, exp_avg_sq[i] * step.beta2);
    exp_avg_sq[i] = second;
    if constexpr (amsgrad) {
      const float before = maximum[i];  // NaN stays NaN, as in torch.maximum
      maximum[i] = root[i] = before > second || before != before ? before : second;
    } else {
      root[i] = second;
    }
  }
}

template <Rounding rounding, bool decays, bool shrinks, class... Arrays>
TORCH_EXT_INLINE void moments(const AdamStep& step, int64_t n, Arrays... arrays) {
  if (step.amsgrad) {
    moments_loop<rounding, decays, shrinks, true>(step, n, arrays...);
  } else {
    moments_loop<rounding, decays, shrinks, false>(step, n, arrays...);
  }
}

template <Rounding rounding, class... Arrays>
TORCH_EXT_INLINE void moments(const AdamStep& step, int64_t n, Arrays... arrays) {
  if (step.shrinks) {
    moments<rounding, false, true>(step, n, arrays...);
  } else if (step.decays) {
    moments<rounding, true, false>(step, n, arrays...);
  } else {
    moments<rounding, false, false>(step, n, arrays...);
  }
}

TORCH_EXT_INLINE void parameter_loop(const AdamStep& given, int64_t n, float* __restrict p,
                                     const float* __restrict exp_avg, const float* __restrict root) {
  const AdamStep step = given;
  for (int64_t i = 0; i < n; ++i) {
    p[i] += step.minus_step_size * exp_avg[i] / (root[i] / step.bias_correction2_sqrt + step.eps);
  }
}

TORCH_EXT_FUSED_TARGET void fused_sgd(const SgdStep& step, int64_t n, float* p, const float* grad, float* buffer) {
  sgd<Rounding::kFused>(step, n, p, grad, buffer);
}

TORCH_EXT_FUSED_TARGET void fused_moments(const AdamStep& step, int64_t n, float* p, const float* grad, float* exp_avg,
                                          float* exp_avg_sq, float* maximum, float* root) {
  moments<Rounding::kFused>(step, n, p, grad, exp_avg, exp_avg_sq, maximum, root);
}

TORCH_EXT_FUSED_TARGET void fused_parameter(const AdamStep& step, int64_t n, float* p, const float* exp_avg,
                                            const float* root) {
  parameter_loop(step, n, p, exp_avg, root);
}

}  // namespace

void sgd_kernel(Rounding rounding, const SgdStep& step, int64_t n, float* parameter, const float* grad, float* buffer) {
  if (rounding == Rounding::kFused) {
    fused_sgd(step, n, parameter, grad, buffer);
  } else {
    sgd<Rounding::kSeparate>(step, n, parameter, grad, buffer);
  }
}

void adam_moments_kernel(Rounding rounding, const AdamStep& step, int64_t n, float* parameter, const float* grad,
                         float* exp_avg, float* exp_avg_sq, float* maximum, float* root) {
  if (rounding == Rounding::kFused) {
    fused_moments(step, n, parameter, grad, exp_avg, exp_avg_sq, maximum, root);
  } else {
    moments<Rounding::kSeparate>(step, n, parameter, grad, exp_avg, exp_avg_sq, maximum, root);
  }
}

// Nothing here can be fused: the two differ in their instructions only.
void adam_parameter_kernel(Rounding rounding, const AdamStep& step, int64_t n, float* parameter, const float* exp_avg,
                           const float* root) {
  if (rounding == Rounding::kFused) {
    fused_parameter(step, n, parameter, exp_avg, root);
  } else {
    parameter_loop(step, n, parameter, exp_avg, root);
  }
}

}  // namespace torch_ext

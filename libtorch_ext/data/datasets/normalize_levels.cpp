#include "libtorch_ext/data/datasets/normalize_levels.h"

#include <c10/util/Exception.h>

#include <cmath>
#include <cstring>

namespace torch_ext {
namespace {

using Factors = LevelNormalizer::Factors;

[[gnu::always_inline]] inline void calculate(const uint8_t* levels, int64_t count, const Factors& f, float* numbers) {
  for (int64_t i = 0; i < count; ++i) {
    const auto level = static_cast<float>(levels[i]);
    const float part = std::fma(level, f.high255, level * f.low255) - f.mean;
    numbers[i] = std::fma(part, f.high_std, part * f.low_std);
  }
}

using Calculate = void (*)(const uint8_t* levels, int64_t count, const Factors& factors, float* numbers);

#if defined(__x86_64__)
#define TORCH_EXT_CALCULATE(name, ...)                                                                              \
  __attribute__((target(__VA_ARGS__))) void name(const uint8_t* __restrict levels, int64_t count, const Factors& f, \
                                                 float* __restrict numbers) {                                       \
    calculate(levels, count, Factors(f), numbers);                                                                  \
  }
TORCH_EXT_CALCULATE(calculate_avx2, "avx2,fma")
#ifdef __clang__  // which takes the whole width by itself
TORCH_EXT_CALCULATE(calculate_avx512, "avx512f,avx512bw,avx512vl,fma")
#else
TORCH_EXT_CALCULATE(calculate_avx512, "avx512f,avx512bw,avx512vl,fma,prefer-vector-width=512")
#endif

Calculate pick() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return nullptr;
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") ? calculate_avx512 : calculate_avx2;
}
const Calculate kCalculate = pick();
#elif defined(__FP_FAST_FMAF)
const Calculate kCalculate = calculate;
#else
const Calculate kCalculate = nullptr;
#endif

// 1 / divisor as the sum of two floats.
void set_inverse(double divisor, float& high, float& low) {
  high = static_cast<float>(1 / divisor);
  low = static_cast<float>(1 / divisor - static_cast<double>(high));
}

}  // namespace

LevelNormalizer::LevelNormalizer(Normalization normalization) {
  const auto mean = static_cast<float>(normalization.mean);
  const auto std = static_cast<float>(normalization.std);
  TORCH_CHECK_VALUE(std > 0, "found the std ", normalization.std, ", expected a positive one");
  std::array<uint8_t, 256> levels;
  for (size_t level = 0; level < levels.size(); ++level) {
    levels[level] = static_cast<uint8_t>(level);
    number_of_level_[level] = (static_cast<float>(level) / 255.0F - mean) / std;
  }
  factors_.mean = mean;
  set_inverse(255, factors_.high255, factors_.low255);
  set_inverse(static_cast<double>(std), factors_.high_std, factors_.low_std);
  if (!kCalculate) return;
  std::array<float, 256> calculated;
  kCalculate(levels.data(), static_cast<int64_t>(levels.size()), factors_, calculated.data());
  is_vectorized_ = std::memcmp(calculated.data(), number_of_level_.data(), sizeof calculated) == 0;
}

void LevelNormalizer::operator()(const std::byte* levels, int64_t count, float* numbers) const {
  if (is_vectorized_) return kCalculate(reinterpret_cast<const uint8_t*>(levels), count, factors_, numbers);
  for (int64_t i = 0; i < count; ++i) numbers[i] = number_of_level_[static_cast<size_t>(levels[i])];
}

}  // namespace torch_ext

#pragma once

#include <ATen/core/PhiloxRNGEngine.h>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace torch_ext {

/// Random numbers of one sample: a sequence that depends on the epoch's seed and the sample's index alone, so that
/// the same numbers come out whichever thread asks, on any machine, and after a resume.
///
/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed by the seed, with the
/// index as the upper half of the counter. Costs nothing to make; not for several threads at once.
class Random {
 public:
  Random(uint64_t seed, uint64_t index) : engine_(seed, index) {}

  /// A whole number in [0, 2^32).
  uint32_t next() { return engine_(); }
  /// A number in [0, 1), a multiple of 2^-53.
  double uniform() {
    const uint64_t high = next() >> 5;
    const uint64_t low = next() >> 6;
    return static_cast<double>((high << 26) | low) * 0x1p-53;
  }
  /// A number in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// A whole number in [0, count), count > 0; each equally likely but for 2^-32.
  int64_t below(int64_t count) { return static_cast<int64_t>(uniform() * static_cast<double>(count)); }
  /// True with probability `p`.
  bool chance(double p) { return uniform() < p; }
  /// A number of the normal distribution (Box and Muller's method).
  double normal(double mean = 0, double std = 1) {
    const double radius = std::sqrt(-2 * std::log1p(-uniform()));
    return mean + std * radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  at::Philox4_32 engine_;
};

}  // namespace torch_ext

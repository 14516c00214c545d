#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

/// Indices drawn with the probabilities `weights`, which need not add up to 1: Python's `WeightedRandomSampler`, for
/// classes of unequal sizes, mostly.
///
///     tx::WeightedRandomSampler(std::vector{0.1, 0.9, 0.0}, 5)   // 1 1 0 1 1, never 2
class WeightedRandomSampler : public Sampler {
 public:
  /// Throws a `c10::ValueError` for a negative or infinite weight, weights that are all 0, no `num_samples`, and,
  /// without replacement, more `num_samples` than weights above 0.
  WeightedRandomSampler(std::span<const double> weights, int64_t num_samples, bool replacement = true);

  int64_t size() const override { return num_samples_; }
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;

 private:
  at::Tensor weights_;  // float64
  int64_t num_samples_;
  bool replacement_;
};

}  // namespace torch_ext

#pragma once

#include <optional>

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

struct RandomSamplerOptions {
  bool replacement = false;            ///< draw each index on its own, so that some come twice
  std::optional<int64_t> num_samples;  ///< indices per epoch; by default as many as there are samples
};

/// All samples in random order. Without replacement and with more indices than samples, all come before one comes
/// again. Python's `RandomSampler`: the same orders for the same generator.
///
///     tx::RandomSampler(60000);
///     tx::RandomSampler(60000, {.replacement = true, .num_samples = 1000});
class RandomSampler : public Sampler {
 public:
  /// Throws a `c10::ValueError` for a number of samples, or of indices, below 1.
  explicit RandomSampler(int64_t size, RandomSamplerOptions options = {});

  int64_t size() const override { return num_samples_; }
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;
  void finish(at::Generator& generator) const override;

 private:
  int64_t samples_;
  int64_t num_samples_;
  bool replacement_;
};

}  // namespace torch_ext

#include "libtorch_ext/data/samplers/weighted_random.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/multinomial.h>

#include <algorithm>
#include <cmath>

namespace torch_ext {

WeightedRandomSampler::WeightedRandomSampler(std::span<const double> weights, int64_t num_samples, bool replacement)
    : weights_(at::empty({static_cast<int64_t>(weights.size())}, at::kDouble)),
      num_samples_(num_samples),
      replacement_(replacement) {
  int64_t positive = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    TORCH_CHECK_VALUE(std::isfinite(weights[i]) && weights[i] >= 0, "WeightedRandomSampler: weight ", i, " is ",
                      weights[i], ", expected a finite one not below 0");
    if (weights[i] > 0) ++positive;
  }
  TORCH_CHECK_VALUE(positive > 0, "WeightedRandomSampler: found no weight above 0 among ", weights.size());
  TORCH_CHECK_VALUE(num_samples > 0, "WeightedRandomSampler: found num_samples = ", num_samples,
                    ", expected a positive number");
  TORCH_CHECK_VALUE(replacement || num_samples <= positive, "WeightedRandomSampler: found num_samples = ", num_samples,
                    ", expected at most the ", positive, " weights above 0 where there is no replacement");
  std::ranges::copy(weights, weights_.mutable_data_ptr<double>());
}

std::vector<int64_t> WeightedRandomSampler::order(int64_t, at::Generator& generator) const {
  const at::Tensor drawn = at::multinomial(weights_, num_samples_, replacement_, generator);
  const auto* numbers = drawn.const_data_ptr<int64_t>();
  return {numbers, numbers + num_samples_};
}

}  // namespace torch_ext

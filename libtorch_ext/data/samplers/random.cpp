#include "libtorch_ext/data/samplers/random.h"

#include <ATen/ops/randint.h>

#include <algorithm>

#include "libtorch_ext/data/samplers/permutation.h"

namespace torch_ext {

RandomSampler::RandomSampler(int64_t size, RandomSamplerOptions options)
    : samples_(size), num_samples_(options.num_samples.value_or(size)), replacement_(options.replacement) {
  TORCH_CHECK_VALUE(size > 0, "RandomSampler: found ", size, " samples, expected at least one");
  TORCH_CHECK_VALUE(num_samples_ > 0, "RandomSampler: found num_samples = ", num_samples_,
                    ", expected a positive number");
}

std::vector<int64_t> RandomSampler::order(int64_t, at::Generator& generator) const {
  if (replacement_) {
    // Python asks for 32 at a time, which gives the same numbers.
    const at::Tensor drawn = at::randint(samples_, {num_samples_}, generator, at::kLong);
    const auto* numbers = drawn.const_data_ptr<int64_t>();
    return {numbers, numbers + num_samples_};
  }
  std::vector<int64_t> order = random_permutation(samples_, generator);
  order.reserve(static_cast<size_t>(num_samples_));
  while (static_cast<int64_t>(order.size()) < num_samples_) {
    const std::vector<int64_t> again = random_permutation(samples_, generator);
    order.insert(order.end(), again.begin(), again.end());
  }
  order.resize(static_cast<size_t>(num_samples_));
  return order;
}

void RandomSampler::finish(at::Generator& generator) const {
  // Python permutes once more to take the none that are left.
  if (!replacement_ && num_samples_ % samples_ == 0) skip_permutation(samples_, generator);
}

}  // namespace torch_ext

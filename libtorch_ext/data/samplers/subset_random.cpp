#include "libtorch_ext/data/samplers/subset_random.h"

#include "libtorch_ext/data/samplers/permutation.h"

namespace torch_ext {

std::vector<int64_t> SubsetRandomSampler::order(int64_t, at::Generator& generator) const {
  std::vector<int64_t> order = random_permutation(size(), generator);
  for (int64_t& index : order) index = indices_[static_cast<size_t>(index)];
  return order;
}

}  // namespace torch_ext

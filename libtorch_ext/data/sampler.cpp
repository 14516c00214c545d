#include "libtorch_ext/data/sampler.h"

#include <torch/torch.h>

#include <numeric>

namespace torch_ext {

std::vector<int64_t> epoch_order(int64_t size, bool shuffle, at::Generator& generator) {
  torch::empty({}, torch::kInt64).random_(generator);  // the base seed
  std::vector<int64_t> order(static_cast<size_t>(size));
  if (shuffle) {
    const at::Tensor permutation = torch::randperm(size, generator, torch::kInt64);
    torch::randperm(size, generator, torch::kInt64);
    std::copy_n(permutation.data_ptr<int64_t>(), size, order.begin());
  } else {
    std::iota(order.begin(), order.end(), int64_t{0});
  }
  return order;
}

}  // namespace torch_ext

#include "libtorch_ext/data/samplers/sequential.h"

#include <c10/util/Exception.h>

#include <numeric>

namespace torch_ext {

SequentialSampler::SequentialSampler(int64_t size) : size_(size) {
  TORCH_CHECK_VALUE(size >= 0, "SequentialSampler: found a size of ", size, ", expected none below 0");
}

std::vector<int64_t> SequentialSampler::order(int64_t, at::Generator&) const {
  std::vector<int64_t> order(static_cast<size_t>(size_));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

}  // namespace torch_ext

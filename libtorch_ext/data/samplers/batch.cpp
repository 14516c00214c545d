#include "libtorch_ext/data/samplers/batch.h"

#include <c10/util/Exception.h>

#include <algorithm>

namespace torch_ext {

BatchSampler::BatchSampler(std::shared_ptr<const Sampler> sampler, int64_t batch_size, bool drop_last)
    : sampler_(std::move(sampler)), batch_size_(batch_size), drop_last_(drop_last) {
  TORCH_CHECK_VALUE(sampler_, "BatchSampler: found no sampler");
  TORCH_CHECK_VALUE(batch_size > 0, "BatchSampler: found batch_size = ", batch_size, ", expected a positive number");
}

int64_t BatchSampler::size() const {
  const int64_t samples = sampler_->size();
  return samples / batch_size_ + (!drop_last_ && samples % batch_size_ != 0 ? 1 : 0);
}

BatchedOrder BatchSampler::order(int64_t epoch, at::Generator& generator) const {
  BatchedOrder order{sampler_->order(epoch, generator), {}};
  const auto samples = static_cast<int64_t>(order.indices.size());
  for (int64_t begin = 0; begin < samples; begin += batch_size_) {
    const int64_t end = std::min(samples, begin + batch_size_);
    if (drop_last_ && end - begin < batch_size_) break;
    order.ends.push_back(end);
  }
  order.indices.resize(order.ends.empty() ? 0 : static_cast<size_t>(order.ends.back()));
  return order;
}

}  // namespace torch_ext

#include "libtorch_ext/data/samplers/distributed.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/util/Exception.h>

#include "libtorch_ext/data/samplers/permutation.h"
#include "libtorch_ext/data/samplers/sequential.h"

namespace torch_ext {

void check_shard(const Shard& shard, const char* who) {
  TORCH_CHECK_VALUE(0 <= shard.index && shard.index < shard.count, who, ": found shard ", shard.index, " of ",
                    shard.count, ", expected one from 0 to ", shard.count - 1);
}

int64_t shard_size(int64_t size, const Shard& shard, bool drop_last) {
  return size / shard.count + (!drop_last && size % shard.count != 0 ? 1 : 0);
}

std::vector<int64_t> take_shard(const std::vector<int64_t>& order, const Shard& shard, bool drop_last) {
  const int64_t size = shard_size(static_cast<int64_t>(order.size()), shard, drop_last);
  std::vector<int64_t> part;
  part.reserve(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) {
    part.push_back(order[static_cast<size_t>(shard.index + i * shard.count) % order.size()]);
  }
  return part;
}

DistributedSampler::DistributedSampler(int64_t size, Shard shard, DistributedOptions options)
    : samples_(size), shard_(shard), options_(options) {
  TORCH_CHECK_VALUE(size >= 0, "DistributedSampler: found a size of ", size, ", expected none below 0");
  check_shard(shard, "DistributedSampler");
}

int64_t DistributedSampler::size() const { return shard_size(samples_, shard_, options_.drop_last); }

std::vector<int64_t> DistributedSampler::order(int64_t epoch, at::Generator& generator) const {
  if (!options_.shuffle) {
    return take_shard(SequentialSampler(samples_).order(epoch, generator), shard_, options_.drop_last);
  }
  at::Generator own = at::detail::createCPUGenerator(static_cast<uint64_t>(options_.seed + epoch));
  return take_shard(random_permutation(samples_, own), shard_, options_.drop_last);
}

ShardedSampler::ShardedSampler(std::shared_ptr<const Sampler> sampler, Shard shard, bool drop_last)
    : sampler_(std::move(sampler)), shard_(shard), drop_last_(drop_last) {
  TORCH_CHECK_VALUE(sampler_, "ShardedSampler: found no sampler");
  check_shard(shard, "ShardedSampler");
}

int64_t ShardedSampler::size() const { return shard_size(sampler_->size(), shard_, drop_last_); }

std::vector<int64_t> ShardedSampler::order(int64_t epoch, at::Generator& generator) const {
  return take_shard(sampler_->order(epoch, generator), shard_, drop_last_);
}

}  // namespace torch_ext

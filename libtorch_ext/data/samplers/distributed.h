#pragma once

#include <memory>

#include "libtorch_ext/core/shard.h"
#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

struct DistributedOptions {
  bool shuffle = true;
  int64_t seed = 0;        ///< the same in all processes
  bool drop_last = false;  ///< leave out what doesn't divide evenly, rather than give some samples twice
};

/// One process's part of all samples, as many for each process: Python's `DistributedSampler`.
///
/// Epoch e is shuffled with the seed `seed + e`, as Python does after `set_epoch(e)`: a new order in each epoch, the
/// same in all processes, whatever the loader's generator.
///
///     tx::DistributedSampler(60000, {.index = rank, .count = world_size})
class DistributedSampler : public Sampler {
 public:
  /// Throws a `c10::ValueError` for a shard that is none of its count.
  DistributedSampler(int64_t size, Shard shard, DistributedOptions options = {});

  int64_t size() const override;
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;

 private:
  int64_t samples_;
  Shard shard_;
  DistributedOptions options_;
};

/// One process's part of another sampler's order: index 0 for the first process, 1 for the second, … The sampler must
/// give the same order in all processes, so their generators must agree.
///
///     tx::ShardedSampler(weighted, {.index = rank, .count = world_size}, false)
class ShardedSampler : public Sampler {
 public:
  /// As `DistributedSampler` with `drop_last`.
  ShardedSampler(std::shared_ptr<const Sampler> sampler, Shard shard, bool drop_last);

  int64_t size() const override;
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;
  void finish(at::Generator& generator) const override { sampler_->finish(generator); }

 private:
  std::shared_ptr<const Sampler> sampler_;
  Shard shard_;
  bool drop_last_;
};

/// Throws a `c10::ValueError` that begins with `who` unless 0 <= index < count.
void check_shard(const Shard& shard, const char* who);

/// How many of `size` indices each shard gets: rounded up, or down where what doesn't divide evenly is dropped.
int64_t shard_size(int64_t size, const Shard& shard, bool drop_last);

/// Every `shard.count`-th index of `order`, from number `shard.index` on. For the last round, where indices are
/// missing, the order begins anew, or, with `drop_last`, there is none.
std::vector<int64_t> take_shard(const std::vector<int64_t>& order, const Shard& shard, bool drop_last);

}  // namespace torch_ext

#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "libtorch_ext/data/loader/plan.h"
#include "libtorch_ext/data/loader_options.h"
#include "libtorch_ext/data/loader_state.h"

namespace torch_ext::loading {

/// Which samples each epoch has in which batches, and where the random numbers for that come from: in the order in
/// which Python's `DataLoader` with `num_workers=0` draws them.
///
/// Python draws a base seed when an epoch starts, then the sampler's order, and what the sampler draws at its end
/// (`RandomSampler` one more permutation that nobody sees) when a batch is asked for that it can't fill. Source:
/// torch/utils/data/dataloader.py, sampler.py.
class Schedule {
 public:
  /// `samples`: the dataset's; null for a stream.
  Schedule(std::optional<int64_t> samples, const LoaderOptions& options);

  /// Batches per epoch; nothing for a stream.
  std::optional<int64_t> batches() const;

  /// Draws the next epoch.
  void begin();
  /// To be called when a batch is asked for: draws what Python draws then.
  void before_batch(int64_t batch);

  const std::shared_ptr<const Plan>& plan() const { return plan_; }
  uint64_t seed() const { return seed_; }   ///< of the epoch's samples
  int64_t epoch() const { return epoch_; }  ///< that was begun last, or will be

  /// The state before the epoch under way was drawn, or, where `between` epochs, now.
  LoaderState state(bool between) const;
  /// The next epoch is the one that `state` saw.
  void load_state(const LoaderState& state);
  /// As if `epoch` epochs had been read since the seed was set.
  void seek_epoch(int64_t epoch);

 private:
  void draw_order();

  const std::optional<int64_t> samples_;
  const int64_t batch_size_;
  const bool drop_last_;
  const bool shuffles_globally_;  // Python's RandomSampler without a generator seeds one of its own
  const bool is_own_sampler_;
  std::shared_ptr<const Sampler> sampler_;
  const std::shared_ptr<const BatchSamplerBase> batch_sampler_;
  const std::optional<uint64_t> own_seed_;
  const bool is_global_;
  at::Generator generator_;        // the loader's, the caller's or LibTorch's own
  at::Generator resumed_;          // for the next epoch, instead of LibTorch's own
  at::Generator order_generator_;  // the epoch's
  at::Tensor epoch_start_;
  std::shared_ptr<const Plan> plan_;
  uint64_t seed_ = 0;
  int64_t epoch_ = 0;
  int64_t begun_ = 0;  // epochs so far
  bool finished_ = true;
};

}  // namespace torch_ext::loading

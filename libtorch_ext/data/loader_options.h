#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "libtorch_ext/core/shard.h"
#include "libtorch_ext/data/batch.h"
#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

/// What happens to a sample that can't be read.
enum class OnError {
  kRaise,       ///< a `SampleError` instead of its batch; the loader goes on with the next batch if asked to
  kSkip,        ///< its batch is handed out without it
  kSubstitute,  ///< the sample of the next index stands in for it (after the last: the first)
};

/// Makes a batch of samples, in their order: Python's `collate_fn`. Called from several threads at once.
using Collate = std::function<Batch(const std::vector<Sample>&)>;

/// Python's `DataLoader` arguments, and a few that it lacks.
struct LoaderOptions {
  /// Samples per batch.
  int64_t batch_size = 1;
  /// Whether each epoch visits the samples in a new order.
  bool shuffle = false;
  /// The order, instead of `shuffle`.
  std::shared_ptr<const Sampler> sampler;
  /// The batches, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
  std::shared_ptr<const BatchSamplerBase> batch_sampler;
  /// Threads that read ahead; 0: the caller's thread reads, when a batch is asked for; null: as many as it takes to
  /// keep up with the caller, by measuring, at most one a core. The batches are the same for every number.
  std::optional<int64_t> num_workers = 0;
  /// How samples become a batch; none: `default_collate`. With one, the dataset is read by `get`.
  Collate collate = nullptr;
  /// Whether batches lie in page-locked memory, which a GPU copies from faster and in the background. Without a GPU it
  /// has no effect.
  bool pin_memory = false;
  /// Whether a last batch of fewer samples is left out.
  bool drop_last = false;
  /// The longest wait for a batch, in seconds, after which `LoaderTimeout` is thrown; 0: no limit. Needs workers.
  double timeout = 0;
  /// Called in each worker's thread before it reads, with the worker's number. See `get_worker_info`.
  std::function<void(int64_t worker)> worker_init = nullptr;
  /// Where orders and the samples' seed are drawn from, as Python's; shared with the caller. Null: see `seed`.
  std::optional<at::Generator> generator = std::nullopt;
  /// Python's `generator=torch.Generator().manual_seed(seed)`. Null, and no generator: LibTorch's global one, which
  /// `torch::manual_seed` seeds, as in Python.
  std::optional<uint64_t> seed = std::nullopt;
  /// Batches that are read ahead, for each worker; null: 2, and more of them in a later epoch where `num_workers` is
  /// chosen by measuring and batches turn out to take unequal times.
  std::optional<int64_t> prefetch_factor = std::nullopt;
  /// Whether batches come in the sampler's order; false: whichever is ready first.
  bool in_order = true;
  /// Whether the threads live on between epochs.
  bool persistent_workers = true;
  /// The part of the samples that this process reads, an equal number in each, as `DistributedSampler` deals them out:
  /// padded with samples of the start, or cut with `drop_last`. Give all processes the same seed.
  Shard shard = {};
  /// Where batches are copied to. On an accelerator the next batch is copied while the caller works on this one; use
  /// `pin_memory` with it.
  std::optional<c10::Device> device = std::nullopt;
  /// What happens to a sample that can't be read, and how many such samples an epoch may have before a `SampleError`
  /// is thrown after all; null: 1 % of the samples, at least 1.
  OnError on_error = OnError::kRaise;
  std::optional<int64_t> max_errors = std::nullopt;
};

}  // namespace torch_ext

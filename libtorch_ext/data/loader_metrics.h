#pragma once

#include <cstdint>

namespace torch_ext {

/// What a loader did in the epoch that is under way or was the last: which side is the bottleneck.
///
/// A `wait_share` near 0: the caller is; more workers would change nothing. Near 1: reading is; add workers, or make
/// the dataset faster.
struct LoaderMetrics {
  int64_t batches = 0;  ///< handed out
  int64_t samples = 0;
  int64_t errors = 0;          ///< samples skipped or substituted
  double seconds = 0;          ///< since the epoch's start, or what it took
  double wait_seconds = 0;     ///< of them in the loader: waiting for a batch, or helping to read it
  double read_seconds = 0;     ///< all threads' time in the dataset, summed up
  double queue_depth = 0;      ///< batches that lay ready when one was asked for, on average
  int64_t num_workers = 0;     ///< threads, now
  int64_t prefetch_depth = 0;  ///< batches that are read ahead at most

  double wait_share() const { return seconds > 0 ? wait_seconds / seconds : 0; }
  double samples_per_second() const { return seconds > 0 ? static_cast<double>(samples) / seconds : 0; }
};

}  // namespace torch_ext

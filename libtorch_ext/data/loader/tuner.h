#pragma once

#include <cstdint>

#include "libtorch_ext/data/loader_metrics.h"

namespace torch_ext::loading {

/// Finds the number of workers by measuring: one more as long as the caller waits and it helps.
///
/// A step of the hill climb is a window of half a second or more. The caller waits when more than 5 % of the time goes
/// by in the loader; one more worker has helped when the rate grew by 3 % at least, else it is taken back and the
/// search is over, until the caller waits for a larger share than then.
class Tuner {
 public:
  /// `most`: the highest number to try.
  explicit Tuner(int64_t most) : most_(most) {}

  static constexpr double kWindowSeconds = 0.5;

  /// What was measured since the last call, with `workers` threads. Returns how many to go on with.
  int64_t next(int64_t workers, double samples, double seconds, double wait_seconds);

  /// How many batches to read ahead for each worker after an epoch that was read with `factor`: twice as many, up to
  /// 8, where the caller waited although the workers had time to spare. Batches take unequal times then, and more of
  /// them in store make up for it.
  static int64_t prefetch_factor(const LoaderMetrics& epoch, int64_t factor);

 private:
  int64_t most_;
  double rate_before_ = 0;  // with one worker less; 0: the last step was none
  double settled_wait_share_ = 0;
  bool settled_ = false;
};

}  // namespace torch_ext::loading

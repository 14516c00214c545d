#include "libtorch_ext/data/loader/tuner.h"

#include <algorithm>

namespace torch_ext::loading {
namespace {

constexpr double kWaits = 0.05;
constexpr double kHelped = 1.03;
constexpr double kWorse = 0.2;
constexpr double kSpare = 0.1;
constexpr int64_t kMostAhead = 8;

}  // namespace

int64_t Tuner::next(int64_t workers, double samples, double seconds, double wait_seconds) {
  const double rate = samples / seconds;
  const double wait_share = wait_seconds / seconds;
  if (rate_before_ > 0 && rate < rate_before_ * kHelped) {
    rate_before_ = 0;
    settled_ = true;
    settled_wait_share_ = wait_share;
    return workers - 1;
  }
  if (settled_ && wait_share > settled_wait_share_ + kWorse) settled_ = false;
  rate_before_ = 0;
  if (settled_ || wait_share < kWaits || workers >= most_) return workers;
  rate_before_ = rate;
  return workers + 1;
}

int64_t Tuner::prefetch_factor(const LoaderMetrics& epoch, int64_t factor) {
  const double threads_seconds = static_cast<double>(epoch.num_workers) * epoch.seconds + epoch.wait_seconds;
  const bool uneven = epoch.seconds > kWindowSeconds && epoch.wait_share() > kWaits &&
                      epoch.read_seconds < (1 - kSpare) * threads_seconds;
  return uneven ? std::min(2 * factor, kMostAhead) : factor;
}

}  // namespace torch_ext::loading

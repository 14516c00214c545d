#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/data/loader/job.h"
#include "libtorch_ext/data/loader/slot.h"

namespace torch_ext {
class ShapeError;
}

namespace torch_ext::loading {

using Clock = std::chrono::steady_clock;
/// The places of the batches that are read ahead: batch b has place b modulo their number.
using Ring = std::vector<std::unique_ptr<Slot>>;

/// One pass over the samples: a window of batches, [delivered, gate), that all threads fill together, the first batch
/// first, in pieces of about a tenth of a millisecond. No thread ever waits for another while there is a piece left.
///
/// One thread, the caller's, opens batches and takes them; any thread may `work`. To leave an epoch early, `close` it:
/// a thread that is in the middle of a piece finishes that, and finds nothing more to do.
class Epoch {
 public:
  static constexpr int64_t kUnknown = std::numeric_limits<int64_t>::max();

  /// `batches`: their number, if known; `first`: the batch to begin with.
  Epoch(std::shared_ptr<Job> job, std::shared_ptr<Ring> ring, uint64_t seed, int64_t first, int64_t batches);
  virtual ~Epoch() = default;
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  // --- any thread ---
  /// Does one piece of work. False: there is none at present.
  bool work();
  /// Wakes the caller's thread, whether or not its batch is there.
  void interrupt();
  /// Whether `work` would find a piece.
  bool has_work() const { return !closed_.load() && next_.load() < gate_.load() && next_.load() < end(); }

  // --- the caller's thread ---
  /// The number of batches; `kUnknown` as long as a stream has not ended.
  int64_t end() const { return end_.load(); }
  Slot& slot(int64_t batch) const { return *(*ring_)[static_cast<size_t>(batch) % ring_->size()]; }
  /// Lets the next batch be filled; its place must be free.
  void open_next();
  /// Batches that are open and not taken up by any thread yet.
  int64_t untouched() const { return gate_.load() - next_.load(); }
  /// Whether there is nothing more to wait for: that batch is filled, or will never be.
  bool settled(int64_t batch) const { return batch >= end() || is_ready(batch) || interrupted_.load(); }
  bool is_ready(int64_t batch) const { return slot(batch).ready.load(); }
  /// Sleeps until `batch` is settled. False: the time was up first.
  bool wait(int64_t batch, std::optional<Clock::time_point> deadline);
  /// Sleeps until one of [first, gate) is ready, or there is none to come.
  bool wait_any(int64_t first, std::optional<Clock::time_point> deadline);
  std::optional<int64_t> any_ready(int64_t first) const;
  /// Ends it for all threads. True: none is at work any more, and the ring is free.
  bool close();

  int64_t gate() const { return gate_.load(); }
  double read_seconds() const { return static_cast<double>(read_ns_.load(std::memory_order_relaxed)) * 1e-9; }
  /// Batches that lie ready.
  int64_t ready_count() const;

 protected:
  /// Claims a piece and fills it.
  virtual bool work_now() = 0;
  /// Prepares the next batch's place.
  virtual void arm(Slot& slot, int64_t batch) = 0;

  /// Samples in a piece of work.
  int64_t piece() const;
  void count_time(Clock::time_point began, int64_t samples);
  /// `count` rows are filled; completes the batch if they are its last.
  void filled(Slot& slot, int64_t count);
  void set_end(int64_t end);
  /// Moves on to the batch after `batch`.
  void advance(int64_t batch) { next_.compare_exchange_strong(batch, batch + 1); }
  int64_t next() const { return next_.load(); }

  const std::shared_ptr<Job> job_;
  const uint64_t seed_;

 private:
  void complete(Slot& slot) const;
  std::exception_ptr named(const ShapeError& error, const Slot& slot) const;
  std::string name_of(const Slot& slot, size_t sample) const;
  void notify();
  template <class Condition>
  bool wait_until(Condition condition, std::optional<Clock::time_point> deadline);

  const std::shared_ptr<Ring> ring_;
  alignas(64) std::atomic<int64_t> next_;  // the batch that rows are claimed of
  alignas(64) std::atomic<int64_t> gate_;  // batches below may be claimed
  std::atomic<int64_t> end_;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> interrupted_ = false;
  alignas(64) std::atomic<int64_t> at_work_ = 0;  // threads
  std::atomic<int64_t> read_ns_ = 0;
  alignas(64) std::atomic<bool> waiting_ = false;
  std::mutex mutex_;
  std::condition_variable settled_;
};

}  // namespace torch_ext::loading

#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <vector>

#include "libtorch_ext/data/batch.h"
#include "libtorch_ext/data/rows.h"

namespace torch_ext::loading {

/// A sample that couldn't be read.
struct Failure {
  int64_t row = 0;
  int64_t index = 0;
  std::exception_ptr error;
  bool substituted = false;  ///< another sample stands in its row
};

/// A batch that is being filled, in a place that later batches use again.
///
/// The caller's thread arms it; then any thread may claim rows, once each, and fill them; the one that fills the last
/// row completes it; then it is the caller's again.
class Slot {
 public:
  /// Makes it ready to be filled with `rows` samples; `indices` are theirs, if known.
  void arm(int64_t batch, int64_t rows, std::span<const int64_t> indices) {
    this->batch = batch;
    this->indices = indices;
    failures.clear();
    collate_error = nullptr;
    ready.store(false, std::memory_order_relaxed);
    missing.store(rows, std::memory_order_relaxed);
    this->rows.store(rows, std::memory_order_relaxed);
    claimed_.store(pack(batch, 0), std::memory_order_release);
  }

  /// Up to `count` rows of batch `batch` that nobody else has; their number may be 0, where all are taken or the slot
  /// serves another batch by now.
  struct Claim {
    int64_t first = 0;
    int64_t count = 0;
    bool last = false;  ///< nothing is left to claim
  };
  Claim claim(int64_t batch, int64_t count) {
    uint64_t word = claimed_.load(std::memory_order_acquire);
    for (;;) {
      if (word >> 32 != (static_cast<uint64_t>(batch) & 0xffffffff)) return {};
      const auto first = static_cast<int64_t>(word & 0xffffffff);
      const int64_t left = rows.load(std::memory_order_relaxed) - first;
      if (left <= 0) return {.last = true};
      const int64_t taken = count < left ? count : left;
      if (claimed_.compare_exchange_weak(word, pack(batch, first + taken), std::memory_order_acq_rel)) {
        return {first, taken, taken == left};
      }
    }
  }

  void fail(Failure failure) {
    const std::lock_guard lock(mutex_);
    failures.push_back(std::move(failure));
  }

  int64_t batch = -1;
  std::span<const int64_t> indices;
  std::vector<at::Tensor> tensors;               ///< by field: [rows, …], written in place
  std::vector<Rows::Column> columns;             ///< their memory
  std::vector<Sample> samples;                   ///< instead, where the dataset is read sample by sample
  Batch collated;                                ///< made of them
  std::exception_ptr collate_error;              ///< or why it couldn't be
  std::vector<Failure> failures;                 ///< in any order
  alignas(64) std::atomic<int64_t> missing = 0;  ///< rows that are not filled yet
  std::atomic<int64_t> rows = 0;
  std::atomic<bool> ready = false;

 private:
  static uint64_t pack(int64_t batch, int64_t row) {
    return static_cast<uint64_t>(batch) << 32 | static_cast<uint64_t>(row);
  }

  alignas(64) std::atomic<uint64_t> claimed_ = ~uint64_t{0};  // the batch's number (its lower half) and the next row
  std::mutex mutex_;
};

}  // namespace torch_ext::loading

#pragma once

#include <chrono>
#include <cstdint>

namespace ckpt {

/// A line on stderr that says how far a long job has come, once it has taken a second; nothing where stderr is no
/// terminal.
class Progress {
 public:
  /// `total`: the bytes that will be written, about.
  explicit Progress(uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// So many bytes more are done.
  void add(uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  uint64_t total_;
  uint64_t done_ = 0;
  bool is_terminal_;
  bool is_shown_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::seconds(1);
};

}  // namespace ckpt

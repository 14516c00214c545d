#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// Shows how an epoch goes, on stdout: one line that renews itself on a terminal, plain lines (about ten an epoch)
/// into a pipe or file.
class Progress {
 public:
  /// `done` of `total` steps lie behind, as after a resume.
  Progress(std::string title, int64_t total, int64_t done, int64_t samples_per_step);

  /// After each step; `loss` is the epoch's mean so far, `lr` the learning rate.
  void update(int64_t done, double loss, double lr);
  /// Clears the line, so that the epoch's summary takes its place.
  void finish();

  double seconds() const;

 private:
  std::string text(int64_t done, double loss, double lr) const;

  std::string title_;
  int64_t total_;
  int64_t start_;
  int64_t samples_per_step_;
  bool terminal_;
  double last_shown_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

#include "progress.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

constexpr int kBarWidth = 20;
constexpr double kSecondsBetweenFrames = 0.1;
constexpr int64_t kPlainLinesPerEpoch = 10;

std::string clock_time(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof(text), "%d:%02d:%02d", static_cast<int>(whole / 3600), static_cast<int>(whole / 60 % 60),
                  static_cast<int>(whole % 60));
  } else {
    std::snprintf(text, sizeof(text), "%d:%02d", static_cast<int>(whole / 60), static_cast<int>(whole % 60));
  }
  return text;
}

// What this process has in memory.
double resident_gib() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 30);
}

size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double share) {
  const int full = static_cast<int>(share * kBarWidth);
  std::string text = "[" + std::string(static_cast<size_t>(full), '=');
  if (full < kBarWidth) text += ">" + std::string(static_cast<size_t>(kBarWidth - full - 1), ' ');
  return text + "] ";
}

}  // namespace

Progress::Progress(std::string title, int64_t total, int64_t done, int64_t samples_per_step)
    : title_(std::move(title)),
      total_(total),
      start_(done),
      samples_per_step_(samples_per_step),
      terminal_(isatty(STDOUT_FILENO)) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

std::string Progress::text(int64_t done, double loss, double lr) const {
  const double rate = static_cast<double>(done - start_) / std::max(seconds(), 1e-9);
  char numbers[160];
  std::snprintf(numbers, sizeof(numbers), "%lld/%lld  %.0f images/s  ETA %s  loss %.4f  lr %.3g  %.1f GiB",
                static_cast<long long>(done),
                static_cast<long long>(total_), rate * static_cast<double>(samples_per_step_),
                clock_time(static_cast<double>(total_ - done) / std::max(rate, 1e-9)).c_str(), loss, lr,
                resident_gib());
  return numbers;
}

void Progress::update(int64_t done, double loss, double lr) {
  if (terminal_) {
    if (seconds() - last_shown_ < kSecondsBetweenFrames && done < total_) return;
    last_shown_ = seconds();
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    std::string line = title_ + " " + bar(share) + text(done, loss, lr);
    line.resize(std::min(line.size(), terminal_width() - 1));
    std::printf("\r%s\033[K", line.c_str());
  } else {
    const int64_t stride = std::max<int64_t>(1, total_ / kPlainLinesPerEpoch);
    if (done % stride != 0 && done != total_) return;
    std::printf("%s  %s\n", title_.c_str(), text(done, loss, lr).c_str());
  }
  std::fflush(stdout);
}

void Progress::finish() {
  if (terminal_) std::printf("\r\033[K");
  std::fflush(stdout);
}

#include "progress.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <unistd.h>

#include "text.h"

namespace ckpt {

Progress::Progress(uint64_t total) : total_(std::max<uint64_t>(total, 1)), is_terminal_(::isatty(STDERR_FILENO)) {}

Progress::~Progress() {
  if (is_shown_) std::fputs("\r\033[K", stderr);
}

void Progress::add(uint64_t bytes) {
  done_ += bytes;
  if (!is_terminal_ || Clock::now() < next_) return;
  constexpr size_t kWidth = 30;
  next_ = Clock::now() + std::chrono::milliseconds(200);
  is_shown_ = true;
  const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  const auto filled = static_cast<size_t>(share * kWidth);
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto rate = static_cast<uint64_t>(static_cast<double>(done_) / seconds);
  const double left = share > 0 ? seconds / share - seconds : 0;
  std::fprintf(stderr, "\r[%s%s] %3.0f %%  %s of %s  %s/s  %.0f s left\033[K", std::string(filled, '#').c_str(),
               std::string(kWidth - filled, '.').c_str(), 100 * share, bytes_text(done_).c_str(),
               bytes_text(total_).c_str(), bytes_text(rate).c_str(), left);
  std::fflush(stderr);
}

}  // namespace ckpt

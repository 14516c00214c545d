#include "libtorch_ext/train/log/event_file.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "libtorch_ext/core/error.h"
#include "libtorch_ext/train/log/crc32c.h"

namespace torch_ext::detail {
namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

// The last by name of the events files in `folder`; empty where there are none.
std::string last_events_file(const std::string& folder) {
  std::string last;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix)) last = std::max(last, name);
  }
  return last;
}

void append_little_endian(std::string& out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

// A CRC of bytes that hold CRCs themselves is weak: TFRecord turns and shifts it.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

// The path of a file that isn't there, in a folder that is. Its name is the last of the events files there.
std::string new_events_file(const std::string& folder, const std::string& suffix, double wall_time) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw Error(folder + ": can't be made a folder of events: " + failed.message());
  static std::atomic<int> counter{0};
  const std::string last = last_events_file(folder);
  const std::string rest =
      "." + host_name() + "." + std::to_string(::getpid()) + "." + std::to_string(counter++) + suffix;
  auto seconds = static_cast<int64_t>(wall_time);
  const auto name = [&] {
    char digits[24];
    std::snprintf(digits, sizeof(digits), "%010lld", static_cast<long long>(seconds));
    return std::string(kPrefix) + digits + rest;
  };
  if (!last.empty() && name() <= last) {
    int64_t found = seconds;
    std::from_chars(last.data() + kPrefix.size(), last.data() + last.size(), found);
    seconds = std::max(seconds, found) + 1;
  }
  return (std::filesystem::path(folder) / name()).string();
}

}  // namespace

EventFile::EventFile(const std::string& folder, const std::string& suffix, double wall_time)
    : file_(formats::AppendFile::create(new_events_file(folder, suffix, wall_time))) {}

void EventFile::append(std::string_view record) {
  std::string framed;
  framed.reserve(record.size() + 16);
  append_little_endian(framed, record.size(), 8);
  append_little_endian(framed, masked_crc(framed), 4);
  framed += record;
  append_little_endian(framed, masked_crc(record), 4);
  file_.append(framed);
}

}  // namespace torch_ext::detail

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace torch_ext::detail {

/// A file of TensorBoard's events: records in TFRecord's framing, a length and the bytes, each with its masked CRC-32C.
///
/// A record goes to the system by one write: whenever the process dies, each record is there whole or not at all. Where
/// the disk is full, what was written of a record is taken back.
class EventFile {
 public:
  /// Makes `folder/events.out.tfevents.<seconds>.<host>.<pid>.<n><suffix>`, and the folder where it isn't there. The
  /// name sorts after those of the events files that are there, because that is the order in which TensorBoard reads:
  /// where a clock went back, `seconds` are later than now. Throws `Error`.
  EventFile(const std::string& folder, const std::string& suffix, double wall_time);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Throws `Error` where it can't be written.
  void append(std::string_view record);
  /// Returns when all is on the disk, so that it outlives a power cut, too. Throws `Error`.
  void flush();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

}  // namespace torch_ext::detail

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libtorch_ext/formats/file/append_file.h"

namespace torch_ext::detail {

/// A file of TensorBoard's events: records in TFRecord's framing, a length and the bytes, each with its masked CRC-32C.
/// Each is appended whole: see `AppendFile`.
class EventFile {
 public:
  /// Makes `folder/events.out.tfevents.<seconds>.<host>.<pid>.<n><suffix>`, and the folder where it isn't there. The
  /// name sorts after those of the events files that are there, because that is the order in which TensorBoard reads:
  /// where a clock went back, `seconds` are later than now. Throws `Error`.
  EventFile(const std::string& folder, const std::string& suffix, double wall_time);

  /// Throws `Error` where it can't be written.
  void append(std::string_view record);
  /// Returns when all is on the disk, so that it outlives a power cut, too. Throws `Error`.
  void flush() { file_.flush(); }

  const std::string& path() const { return file_.path(); }

 private:
  formats::AppendFile file_;
};

}  // namespace torch_ext::detail

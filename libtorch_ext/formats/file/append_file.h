#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// A file that grows by whole records, each by one write: whenever the process dies, a record is there whole or not at
/// all. Where the disk is full, what was written of a record is taken back.
class AppendFile {
 public:
  /// Goes on at the end of a file that is there.
  static AppendFile open(std::string path);
  /// Makes one that isn't there. Both throw `Error`.
  static AppendFile create(std::string path);
  ~AppendFile();
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;

  /// Throws `Error` where it can't be written.
  void append(std::string_view record);
  /// Returns when all is on the disk, so that it outlives a power cut, too. Throws `Error`.
  void flush();

  const std::string& path() const { return path_; }

 private:
  AppendFile(std::string path, int flags, const char* what);

  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

}  // namespace torch_ext::formats

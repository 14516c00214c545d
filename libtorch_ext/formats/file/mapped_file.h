#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace torch_ext::formats {

/// A whole file as bytes, mapped read-only: pages are read when they are touched.
///
/// Hold it by the shared pointer that `open` returns, as owner of everything that points into it. Replacing the file
/// by a rename (`AtomicFile`) is safe while it is mapped; truncating it in place is not.
///
///     auto file = MappedFile::open("model.pt");
///     file->bytes().size();   // 46827520
class MappedFile {
 public:
  /// Throws `FormatError` for anything but a readable regular file. An empty file maps to no bytes.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  /// The file's name, as it was opened.
  const std::string& path() const { return path_; }

  /// Lets the system take back the memory of these pages; a later access reads them again. The last page, which may
  /// hold more than these bytes, stays.
  void release(std::span<const std::byte> bytes) const;

 private:
  MappedFile(std::string path, std::span<const std::byte> bytes) : path_(std::move(path)), bytes_(bytes) {}

  std::string path_;
  std::span<const std::byte> bytes_;
};

}  // namespace torch_ext::formats

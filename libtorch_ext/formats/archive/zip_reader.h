#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// An entry of a zip archive's directory.
struct ZipRecord {
  std::string_view name;       ///< with folders: "model/data/0"; lives as long as the reader
  uint64_t size = 0;           ///< bytes once unpacked
  uint64_t packed_size = 0;    ///< bytes in the file
  uint64_t header_offset = 0;  ///< where the record's own header stands in the file
  uint32_t crc32 = 0;          ///< of the unpacked bytes, as the writer promised
  uint16_t method = 0;         ///< 0: stored, 8: deflated
};

/// Reads a zip archive (zip64, too) by its central directory. The archive is mapped; opening touches its end only.
///
/// The directory is found as miniz finds it, which torch.load reads with: bytes may follow the archive (a comment,
/// padding, a signature), as far as its end is among the last 69,584. A second archive behind the first, and records
/// that overlap, are refused.
///
/// The directory is checked against the file when it is opened, a record when it is. Throws `FormatError`.
///
///     ZipReader zip("model.pt");
///     zip.open(*zip.find("model/version"))->bytes();   // "3\n"
class ZipReader {
 public:
  explicit ZipReader(const std::string& path);

  const std::string& path() const { return path_; }
  const std::vector<ZipRecord>& records() const { return records_; }

  /// Whether torch.load, too, finds the archive's end before the bytes that follow it: in a small file it looks less
  /// far, and it takes whatever begins like an end for one.
  bool is_found_by_torch() const;

  /// The record of that full name, or null.
  const ZipRecord* find(std::string_view name) const;

  /// The record's bytes: a view of the mapping, which they keep alive, or, where they are deflated, unpacked at
  /// their first use. With `check_crc` their first use also compares them with the promised CRC-32.
  std::shared_ptr<Storage> open(const ZipRecord& record, bool check_crc = false) const;

  /// The same for a record that is read whole whoever asks, like a pickle. Throws for one that unpacks to more than
  /// 32 MiB and 64 times its size.
  std::shared_ptr<Storage> open_text(const ZipRecord& record, bool check_crc = false) const;

  /// Reads the whole record and throws unless its CRC-32 is the promised one.
  void verify(const ZipRecord& record) const;

 private:
  void read_directory();
  std::span<const std::byte> packed_bytes(const ZipRecord& record) const;

  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  std::vector<ZipRecord> records_;
  std::unordered_map<std::string_view, size_t> by_name_;
  size_t behind_ = 0;        ///< bytes from the end record on
  bool is_last_end_ = true;  ///< none of them begin like another
};

}  // namespace torch_ext::formats

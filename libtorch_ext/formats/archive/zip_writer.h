#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// Writes a zip archive of stored records, each payload at a multiple of 64 bytes so that tensors can be used right
/// from a mapping. Sizes and offsets beyond 32 bits, and more than 65534 records, are written as zip64.
///
///     AtomicFile file("model.pt");
///     ZipWriter zip(file);
///     zip.add("model/version", "3\n");
///     zip.finish();
///     file.commit();
///
/// Format of a record, as PyTorch writes it: header, name, an extra field "FB" that fills up to 64 bytes, payload,
/// data descriptor (CRC-32 and sizes: the CRC is computed while the payload is written).
class ZipWriter {
 public:
  /// `file` must be empty so far and outlive the writer.
  explicit ZipWriter(AtomicFile& file) : file_(file) {}

  /// Appends a record. The caller sees to it that names differ.
  void add(std::string_view name, const Storage& payload);
  void add(std::string_view name, std::string_view payload);

  /// Appends the directory. Nothing can be added after.
  void finish();

  /// A digest of all names and payloads so far: equal for equal archives.
  uint64_t digest() const { return digest_; }

 private:
  AtomicFile& file_;
  std::string directory_;
  uint64_t records_ = 0;
  uint64_t digest_ = 0;
};

}  // namespace torch_ext::formats

#pragma once

#include <string>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// What `torch.load` would see in a file.
struct PytorchFile {
  /// "pytorch-zip" (what torch.save writes since 1.6).
  std::string format;
  Value root;
};

/// How `read_pytorch_file` reads.
struct PytorchReadOptions {
  /// Compare every record with its CRC-32 first, so that no flipped bit goes unnoticed; reads the whole file. A file
  /// without CRCs (`torch.serialization.set_crc32_options(False)`) passes.
  bool verify = false;
};

/// Reads a file that Python's `torch.save` or `write_pytorch_file` wrote. The file is mapped, not read: tensors
/// look into the mapping, which lives as long as any of them. Nothing in the file is executed.
/// Every length, offset, size and stride is checked before it is used. Throws `FormatError`.
PytorchFile read_pytorch_file(const std::string& path, const PytorchReadOptions& options = {});

/// How `write_pytorch_file` writes.
struct PytorchWriteOptions {
  /// fsync the file and its folder before returning, so that the file also outlives a power cut.
  bool durable = true;
};

/// Writes `root` so that `torch.load(path, weights_only=True)` reads it, as long as it holds no `Object` or
/// `Global` that Python's restricted unpickler refuses. Storages that several tensors share are written once.
///
/// Format: a zip archive of stored records, their payloads 64-byte aligned: `<stem>/data.pkl` (pickle protocol 2),
/// `<stem>/byteorder`, `<stem>/data/<n>`, `<stem>/version`, `<stem>/.data/serialization_id`.
/// Source: torch/serialization.py (`_save`), caffe2/serialize/inline_container.cc.
///
/// Atomic: readers see the old file or the new one, whenever the process dies. Throws `FormatError` and leaves
/// the old file as it was.
void write_pytorch_file(const Value& root, const std::string& path, const PytorchWriteOptions& options = {});

}  // namespace torch_ext::formats

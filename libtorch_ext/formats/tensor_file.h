#pragma once

#include <string>

#include "libtorch_ext/formats/value.h"

/// One door to all formats that hold tensors.
namespace torch_ext::formats {

/// What a file of tensors holds.
struct TensorFile {
  /// "pytorch-zip" (torch.save since 1.6), "pytorch-legacy" (before), "pytorch-tar" (before 0.1.10), "torchscript"
  /// (torch.jit.save, and C++'s torch::save), "safetensors"; "pytorch-sharded" and "safetensors-sharded" for an
  /// index.json with its shards.
  std::string format;
  Value root;
  /// Whether the file carries a CRC-32 for each record, so that a flipped bit can be noticed.
  bool has_checksums = false;
};

/// When the CRC-32s that a file carries are compared with its bytes. Files without them pass.
enum class Verify {
  kOnUse,  ///< a storage's bytes, before their first use
  kNow,    ///< all of them, before the file is read
  kSkip,   ///< never
};

struct ReadOptions {
  Verify verify = Verify::kOnUse;
};

struct WriteOptions {
  /// fsync the file and its folder before returning, so that the file also outlives a power cut.
  bool durable = true;
};

/// Reads a file of any of the formats, told apart by its first bytes. The file is mapped, not read: tensors look into
/// the mapping, which lives as long as any of them. Nothing in the file is executed.
/// Every length, offset, size and stride is checked before it is used. Throws `FormatError`.
TensorFile read_tensor_file(const std::string& path, const ReadOptions& options = {});

}  // namespace torch_ext::formats

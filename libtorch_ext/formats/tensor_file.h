#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

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

/// The formats that are written.
enum class Format { kPytorchZip, kPytorchLegacy, kSafetensors };

struct WriteOptions {
  /// fsync the file and its folder before returning, so that the file also outlives a power cut.
  bool durable = true;
  /// By default the path's extension tells.
  std::optional<Format> format;
  /// Where given: shards of at most so many bytes, a single larger tensor excepted, and an index.json.
  std::optional<uint64_t> max_shard_size;
  /// Called now and then with the number of bytes written so far.
  std::function<void(uint64_t written)> progress;
};

/// What was written.
struct WriteReport {
  std::vector<std::string> files;
};

/// Reads a file of any of the formats, told apart by its first bytes. The file is mapped, not read: tensors look into
/// the mapping, which lives as long as any of them. Nothing in the file is executed.
/// Every length, offset, size and stride is checked before it is used. Throws `FormatError`.
TensorFile read_tensor_file(const std::string& path, const ReadOptions& options = {});

WriteReport write_tensor_file(const Value& root, const std::string& path, const WriteOptions& options = {});

}  // namespace torch_ext::formats

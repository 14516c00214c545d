#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libtorch_ext/formats/file/atomic_file.h"
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
enum class WriteFormat {
  kPytorchZip,     ///< what torch.save writes: keeps everything
  kPytorchLegacy,  ///< what torch.save wrote before PyTorch 1.6: keeps everything
  kSafetensors,    ///< tensors and texts only; see `write_safetensors`
};

struct WriteOptions {
  /// fsync the file and its folder before returning, so that the file also outlives a power cut.
  bool durable = true;
  /// Nothing: the one that the file's name asks for; see `write_format`.
  std::optional<WriteFormat> format = std::nullopt;
  /// Divides the tensors into files of at most so many bytes of them; see `write_sharded`.
  std::optional<uint64_t> max_shard_size = std::nullopt;
  /// Called as the files grow, with the number of bytes that were added.
  std::function<void(size_t bytes)> progress = {};
  /// Takes the finished file, to commit it, where it isn't to be put in place at once: shards are, all together.
  std::function<void(AtomicFile file)> keep = {};
};

/// Reads a file of any of the formats, told apart by its first bytes. The file is mapped, not read: tensors look into
/// the mapping, which lives as long as any of them. Nothing in the file is executed.
/// Every length, offset, size and stride is checked before it is used. Throws `FormatError`.
TensorFile read_tensor_file(const std::string& path, const ReadOptions& options = {});

/// Writes `root` in the format that the name of the file or the options ask for, so that Python reads it. A name that
/// ends in ".index.json", or a `max_shard_size`, asks for shards; their index is `path`, with ".index.json" added where
/// it is missing. Atomic and streaming; throws `FormatError` and leaves the old file as it was.
///
///     write_tensor_file(root, "model.safetensors");
///     write_tensor_file(root, "model.safetensors", {.max_shard_size = 5'000'000'000});  //
///     …-00001-of-00003.safetensors
void write_tensor_file(const Value& root, const std::string& path, const WriteOptions& options = {});

/// What a writer does with the file when all is in it.
void put_in_place(AtomicFile file, const WriteOptions& options);

/// The format that `write_tensor_file` chooses: what the options say, or else safetensors for ".safetensors" and what
/// torch.save writes for the endings that its users choose (".pt", ".pth", ".pth.tar", ".bin", ".ckpt", …), in letters
/// of either case; an index is written in the format of the name before its ".index.json". Throws `FormatError`, which
/// lists them, for any other ending and for none: a file would be named after another format ("model.gguf").
WriteFormat write_format(const std::string& path, const WriteOptions& options);

/// The format of a word: "zip", "legacy" or "safetensors", also as `TensorFile::format` names it. Nothing for others.
std::optional<WriteFormat> write_format_from_word(std::string_view word);

}  // namespace torch_ext::formats

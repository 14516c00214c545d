#pragma once

#include <string>

namespace torch_ext::formats {

/// The formats that hold tensors, as far as a file's first bytes tell them apart.
enum class FileKind {
  kPytorchZip,     ///< a zip archive: torch.save since 1.6, torch.jit.save, C++'s torch::save
  kPytorchLegacy,  ///< a magic number as a pickle
  kPytorchTar,     ///< a tar archive
  kSafetensors,    ///< a length of 8 bytes and JSON
  kIndex,          ///< JSON: the index of a sharded checkpoint
};

/// What the file at `path` begins like. Throws `FormatError` for anything else, saying what it is instead as far as
/// that can be told, and what to do: a Git LFS pointer, a web page, GGUF, gzip, text, a folder of
/// torch.distributed.checkpoint, nothing at all, …
FileKind file_kind(const std::string& path);

}  // namespace torch_ext::formats

#pragma once

#include <string>

#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext {

/// Reads a file of any format that holds tensors; see `formats/tensor_file.h`. The file is mapped: tensors are read
/// when they are used, and compared with the CRC-32s that the file carries then. Nothing in the file is executed.
/// Throws `CheckpointError`, which names the files that may have been meant where there is none.
///
///     tx::load("model.pt", {.verify = tx::formats::Verify::kNow});   // compares every CRC-32 first
LoadedFile load(const std::string& path, const formats::ReadOptions& options = {});

/// Writes safetensors where the name ends in ".safetensors", shards where it ends in ".index.json", otherwise what
/// Python's `torch.load(path, weights_only=True)` reads; see `formats/tensor_file.h`.
/// The old file stays whole until the new one is complete and on the disk. Throws `CheckpointError`.
///
///     tx::save(tx::state_dict(*model), "model.pt");
///     tx::save(tx::state_dict(*model), "model.safetensors");
void save(const StateDict& state, const std::string& path, const formats::WriteOptions& options = {});
void save(const Value& value, const std::string& path, const formats::WriteOptions& options = {});

}  // namespace torch_ext

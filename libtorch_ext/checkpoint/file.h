#pragma once

#include <string>

#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext {

/// Reads what Python's `torch.save` or our `save` wrote. The file is mapped: tensors are read when they are used.
/// Nothing in the file is executed. Throws `CheckpointError`.
///
///     tx::load("model.pt", {.verify = formats::Verify::kNow});   // compares every CRC-32 first, not as tensors are
///     used
LoadedFile load(const std::string& path, const formats::ReadOptions& options = {});

/// Writes a file that Python's `torch.load(path, weights_only=True)` reads; see `formats/pytorch/pytorch_zip.h`.
/// The old file stays whole until the new one is complete and on the disk. Throws `CheckpointError`.
///
///     tx::save(tx::state_dict(*model), "model.pt");
void save(const StateDict& state, const std::string& path);
void save(const Value& value, const std::string& path);

}  // namespace torch_ext

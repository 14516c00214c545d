#pragma once

#include <string>

#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// Reads what `torch.save` wrote from PyTorch 0.1.10 to 1.5, and still writes with
/// `_use_new_zipfile_serialization=False`: `read_tensor_file` for files of this one format. Several pickles, then the
/// storages: see pytorch_legacy.md. The format has no checksums.
TensorFile read_pytorch_legacy(const std::string& path, const ReadOptions& options = {});

/// What `read_pytorch_legacy` would find in a file of these bytes, which are copied: a storage that was pickled by
/// others than torch.save. `name` stands for the file in errors.
Value read_pytorch_legacy_bytes(const Bytes& bytes, const std::string& name);

/// Writes `root` for PyTorch of any age, as `write_pytorch_zip` does for PyTorch 1.6 and up; old versions still have
/// to know its dtypes. Storages whose dtype had no class then are written as bytes.
///
/// Atomic. Throws `FormatError` and leaves the old file as it was.
void write_pytorch_legacy(const Value& root, const std::string& path, const WriteOptions& options = {});

}  // namespace torch_ext::formats

#pragma once

#include <string>

#include "libtorch_ext/formats/pickle/pickle_writer.h"
#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// Reads a zip archive that Python's `torch.save`, `torch.jit.save`, C++'s `torch::save` or `write_pytorch_zip` wrote:
/// `read_tensor_file` for files of this one format.
TensorFile read_pytorch_zip(const std::string& path, const ReadOptions& options = {});

/// Writes `root` so that `torch.load(path, weights_only=True)` reads it, as long as it holds no `Object` or
/// `Global` that Python's restricted unpickler refuses. Storages that several tensors share are written once.
///
/// Format: a zip archive of stored records, their payloads 64-byte aligned: `<stem>/data.pkl` (pickle protocol 2),
/// `<stem>/byteorder`, `<stem>/data/<n>`, `<stem>/version`, `<stem>/.data/serialization_id`.
/// Source: torch/serialization.py (`_save`), caffe2/serialize/inline_container.cc.
///
/// Atomic: readers see the old file or the new one, whenever the process dies. Throws `FormatError` and leaves
/// the old file as it was.
void write_pytorch_zip(const Value& root, const std::string& path, const WriteOptions& options = {});
/// The same from what `write_pickle` made of the value.
void write_pytorch_zip(const Pickle& pickle, const std::string& path, const WriteOptions& options = {});

}  // namespace torch_ext::formats

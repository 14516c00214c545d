#pragma once

#include <string>

#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// `read_tensor_file` for files of this one format: safetensors. The root is an ordered dict from name to tensor, in
/// the order of the header; each tensor has a storage of its own. The header's `__metadata__` is the root's attribute
/// of that name, a dict from str to str. Takes and refuses what the reference implementation does (safetensors 0.8),
/// but also refuses a name that comes twice, as the format's description demands. See safetensors.md.
TensorFile read_safetensors(const std::string& path, const ReadOptions& options = {});

/// Writes `root`, flat or nested, so that Python's `safetensors.torch.load_file` reads it: tensors under the names of
/// `named_tensors`, listed in the order of the root; row-major. All else in the root goes to `__metadata__` as text;
/// see `FlatState`. "format": "pt" is added there, which transformers asks for, unless there is a "format".
///
/// The format knows neither views nor sharing: tied weights are written once for each name, strides and the mark of
/// parameters are lost. The data is laid out by falling size of its elements, so that each tensor is aligned to them.
///
/// Atomic, as `write_pytorch_zip`, and streaming: of tensors that aren't contiguous, one at a time is copied. Throws
/// `FormatError`, also for dtypes that the format lacks and for what `flat_state` refuses.
void write_safetensors(const Value& root, const std::string& path, const WriteOptions& options = {});

}  // namespace torch_ext::formats

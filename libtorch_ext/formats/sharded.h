#pragma once

#include <string>

#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// `read_tensor_file` for files of this one format: an index.json and its shards.
TensorFile read_sharded(const std::string& path, const ReadOptions& options = {});

}  // namespace torch_ext::formats

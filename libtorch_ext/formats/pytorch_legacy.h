#pragma once

#include <string>

#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// `read_tensor_file` for files of this one format: torch.save before PyTorch 1.6.
TensorFile read_pytorch_legacy(const std::string& path, const ReadOptions& options = {});

}  // namespace torch_ext::formats

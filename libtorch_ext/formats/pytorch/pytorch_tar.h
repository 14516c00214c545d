#pragma once

#include <string>

#include "libtorch_ext/formats/tensor_file.h"

namespace torch_ext::formats {

/// Reads what `torch.save` wrote before PyTorch 0.1.10, a tar archive of pickles and storages: `read_tensor_file` for
/// files of this one format. See pytorch_tar.md. The format has no checksums.
TensorFile read_pytorch_tar(const std::string& path, const ReadOptions& options = {});

}  // namespace torch_ext::formats

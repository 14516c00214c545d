#include "libtorch_ext/formats/pytorch_tar.h"

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {

TensorFile read_pytorch_tar(const std::string& path, const ReadOptions&) {
  throw FormatError(path, "is of a format that is not read yet: torch.save before PyTorch 0.1.10");
}

}  // namespace torch_ext::formats

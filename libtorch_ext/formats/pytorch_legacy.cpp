#include "libtorch_ext/formats/pytorch_legacy.h"

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {

TensorFile read_pytorch_legacy(const std::string& path, const ReadOptions&) {
  throw FormatError(path, "is of a format that is not read yet: torch.save before PyTorch 1.6");
}

}  // namespace torch_ext::formats

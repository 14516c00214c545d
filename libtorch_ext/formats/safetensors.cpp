#include "libtorch_ext/formats/safetensors.h"

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {

TensorFile read_safetensors(const std::string& path, const ReadOptions&) {
  throw FormatError(path, "is of a format that is not read yet: safetensors");
}

}  // namespace torch_ext::formats

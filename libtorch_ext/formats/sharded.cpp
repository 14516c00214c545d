#include "libtorch_ext/formats/sharded.h"

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {

TensorFile read_sharded(const std::string& path, const ReadOptions&) {
  throw FormatError(path, "is of a format that is not read yet: an index.json and its shards");
}

}  // namespace torch_ext::formats

#include "libtorch_ext/checkpoint/file.h"

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"

namespace torch_ext {

LoadedFile load(const std::string& path, const formats::ReadOptions& options) {
  try {
    return {path, formats::read_tensor_file(path, options).root};
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
}

void save(const Value& value, const std::string& path) {
  try {
    formats::write_pytorch_zip(value, path);
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
}

void save(const StateDict& state, const std::string& path) {
  TensorWriter writer;
  save(to_value(state, writer), path);
}

}  // namespace torch_ext

#include "libtorch_ext/checkpoint/file.h"

#include "libtorch_ext/checkpoint/error.h"

namespace torch_ext {

LoadedFile load(const std::string& path, const formats::ReadOptions& options) {
  try {
    return {path, formats::read_tensor_file(path, options).root};
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
}

void save(const Value& value, const std::string& path, const formats::WriteOptions& options) {
  try {
    formats::write_tensor_file(value, path, options);
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
}

void save(const StateDict& state, const std::string& path, const formats::WriteOptions& options) {
  TensorWriter writer;
  save(to_value(state, writer), path, options);
}

}  // namespace torch_ext

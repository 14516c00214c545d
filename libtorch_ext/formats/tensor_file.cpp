#include "libtorch_ext/formats/tensor_file.h"

#include "libtorch_ext/formats/file_kind.h"
#include "libtorch_ext/formats/pytorch_legacy.h"
#include "libtorch_ext/formats/pytorch_tar.h"
#include "libtorch_ext/formats/pytorch_zip.h"
#include "libtorch_ext/formats/safetensors.h"
#include "libtorch_ext/formats/sharded.h"

namespace torch_ext::formats {

TensorFile read_tensor_file(const std::string& path, const ReadOptions& options) {
  switch (file_kind(path)) {
    case FileKind::kPytorchZip:
      return read_pytorch_zip(path, options);
    case FileKind::kPytorchLegacy:
      return read_pytorch_legacy(path, options);
    case FileKind::kPytorchTar:
      return read_pytorch_tar(path, options);
    case FileKind::kSafetensors:
      return read_safetensors(path, options);
    case FileKind::kIndex:
      break;
  }
  return read_sharded(path, options);
}

WriteReport write_tensor_file(const Value& root, const std::string& path, const WriteOptions& options) {
  write_pytorch_zip(root, path, options);
  return {{path}};
}

}  // namespace torch_ext::formats

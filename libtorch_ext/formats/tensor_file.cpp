#include "libtorch_ext/formats/tensor_file.h"

#include "libtorch_ext/formats/file_kind.h"
#include "libtorch_ext/formats/pytorch/pytorch_legacy.h"
#include "libtorch_ext/formats/pytorch/pytorch_tar.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"
#include "libtorch_ext/formats/safetensors/safetensors.h"
#include "libtorch_ext/formats/shards/sharded.h"

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

void write_tensor_file(const Value& root, const std::string& path, const WriteOptions& options) {
  const WriteFormat format = write_format(path, options);
  const bool is_index = path.ends_with(kIndexEnd);
  if (is_index || options.max_shard_size) {
    return write_sharded(root, is_index ? path : path + std::string(kIndexEnd), options);
  }
  switch (format) {
    case WriteFormat::kPytorchZip:
      return write_pytorch_zip(root, path, options);
    case WriteFormat::kPytorchLegacy:
      return write_pytorch_legacy(root, path, options);
    case WriteFormat::kSafetensors:
      break;
  }
  write_safetensors(root, path, options);
}

void put_in_place(AtomicFile file, const WriteOptions& options) {
  if (!options.keep) return file.commit(options.durable);
  file.finish(options.durable);
  options.keep(std::move(file));
}

}  // namespace torch_ext::formats

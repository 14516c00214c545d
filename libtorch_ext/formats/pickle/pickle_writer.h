#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// A pickle and what it refers to by persistent id.
struct Pickle {
  std::string bytes;
  /// Those that tensors in the pickle look into, each once; the key of a storage is its index, in decimal.
  std::vector<std::shared_ptr<const Storage>> storages;
  /// How many elements each of them was said to have.
  std::vector<int64_t> numels;
};

/// How storages are referred to.
enum class StorageIds {
  kZip,     ///< ("storage", type, key, location, numel), untyped ones as torch.storage.UntypedStorage
  kLegacy,  ///< a sixth part, None; untyped ones as torch.ByteStorage, which old formats need
};

/// Writes `root` as `torch.save` would: protocol 2, one object for containers and strings that occur twice, tensors
/// by torch._utils._rebuild_tensor_v2 (_v3 for dtypes without a storage class, and for views of a storage of another
/// dtype), parameters by _rebuild_parameter, equal views of one storage as one parameter. Does not touch the bytes of
/// storages, but for arrays of NumPy, which hold theirs in the pickle.
///
/// `file` is named in errors. Throws `FormatError` for what can't be written: containers in more than 1000 levels or in
/// themselves by way of an object's arguments, strings beyond 4 GiB, tensors that reach beyond their storage.
Pickle write_pickle(const Value& root, const std::string& file, StorageIds ids = StorageIds::kZip);

}  // namespace torch_ext::formats

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// What a pickle has in place of a storage, by persistent id: `("storage", torch.FloatStorage, key, location, numel)`.
struct StorageId {
  std::optional<DType> dtype;   ///< nothing for torch.UntypedStorage, which counts bytes
  std::string key;              ///< names the bytes within the file
  std::string location;         ///< "cpu", "cuda:0", …
  int64_t numel = 0;            ///< never negative
  const Value* view = nullptr;  ///< a sixth part, which files before PyTorch 1.6 have; lives as long as the id

  /// Bytes of an element.
  size_t element() const { return element_size(dtype.value_or(DType::Byte)); }
};

/// Throws `std::invalid_argument` for an id that names no storage, or not in 5 or 6 parts.
StorageId parse_storage_id(const Value& id);

/// The dtype of a storage's class, nothing for an untyped one. Throws `std::invalid_argument` for any other class.
std::optional<DType> dtype_of_storage(const Global& type);

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/pytorch/storage_id.h"

#include <stdexcept>

namespace torch_ext::formats {
namespace {

[[noreturn]] void fail(const std::string& problem) { throw std::invalid_argument("a persistent id " + problem); }

}  // namespace

std::optional<DType> dtype_of_storage(const Global& type) {
  const auto dtype = dtype_from_storage_class(type.name);
  const bool is_untyped = type.name == "UntypedStorage" || type.name == "_UntypedStorage";  // PyTorch 1.11, 1.12
  if (!dtype && !is_untyped) fail("names the storage type " + type.module + "." + type.name);
  return dtype;
}

StorageId parse_storage_id(const Value& id) {
  const auto* parts = id.as<Tuple>();
  if (!parts || (parts->items.size() != 5 && parts->items.size() != 6)) {
    fail("is " + id.type_name() + ", a tuple of 5 or 6 is expected");
  }
  const auto* what = parts->items[0].as<std::string>();
  const auto* type = parts->items[1].as<Global>();
  const auto* key = parts->items[2].as<std::string>();
  const auto* location = parts->items[3].as<std::string>();
  const auto* numel = parts->items[4].as<int64_t>();
  if (!what || *what != "storage" || !type || !key || !location || !numel) {
    fail("does not name a storage, its type, key, location and size");
  }
  StorageId result{.dtype = dtype_of_storage(*type), .key = *key, .location = *location, .numel = *numel};
  if (*numel < 0) fail("names a storage of " + std::to_string(*numel) + " elements");
  if (parts->items.size() == 6 && !parts->items[5].is_none()) result.view = &parts->items[5];
  return result;
}

}  // namespace torch_ext::formats

#include "libtorch_ext/data/datasets/cifar_pickle.h"

#include "libtorch_ext/data/as_data_error.h"
#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/formats/pickle/pickle_sequence.h"

namespace torch_ext {
namespace {

using formats::Value;

constexpr int64_t kNumbers = 3 * 32 * 32;

// Bytes, however Python 2 or 3 pickled them.
const std::string* bytes_of(const Value& value) {
  if (const auto* bytes = value.as<formats::Bytes>()) return &bytes->data;
  return value.as<std::string>();
}

// Under a key of text, or of bytes, as it is after a passage through `encoding="bytes"`.
const Value* find(const formats::Dict& dict, const std::string& key) {
  for (const auto& [name, value] : dict.items) {
    if (const auto* text = bytes_of(name); text && *text == key) return &value;
  }
  return nullptr;
}

// The elements of a NumPy array uint8 [rows, kNumbers] in C order: its state is (version, shape, dtype, Fortran order,
// bytes).
const std::string* pixels_of(const Value& value, int64_t& rows) {
  const auto* object = value.as<formats::Object>();
  if (!object || object->type.name != "_reconstruct" || !object->state) return nullptr;
  const auto* state = object->state->as<formats::Tuple>();
  if (!state || state->items.size() != 5) return nullptr;
  const auto* shape = state->items[1].as<formats::Tuple>();
  const auto* dtype = state->items[2].as<formats::Object>();
  const bool* fortran_order = state->items[3].as<bool>();
  const std::string* bytes = bytes_of(state->items[4]);
  if (!shape || shape->items.size() != 2 || !dtype || !fortran_order || *fortran_order || !bytes) return nullptr;
  const auto* count = shape->items[0].as<int64_t>();
  const auto* numbers = shape->items[1].as<int64_t>();
  const auto* kind = dtype->args && !dtype->args->items.empty() ? bytes_of(dtype->args->items[0]) : nullptr;
  if (!count || *count < 0 || !numbers || *numbers != kNumbers || !kind || *kind != "u1") return nullptr;
  if (bytes->size() / kNumbers != static_cast<size_t>(*count) || bytes->size() % kNumbers != 0) return nullptr;
  rows = *count;
  return bytes;
}

}  // namespace

CifarPickle read_cifar_pickle(const std::string& path, const std::string& labels) {
  const Value content = as_data_error([&] {
    const auto file = formats::MappedFile::open(path);
    auto bytes = file->bytes();
    return formats::take_pickle(bytes, path, "CIFAR's pickle");
  });
  const auto* dict = content.as<formats::Dict>();
  const Value* data = dict ? find(*dict, "data") : nullptr;
  const Value* label_list = dict ? find(*dict, labels) : nullptr;
  if (!data || !label_list) {
    throw DataError(path, "found no \"data\" and \"" + labels + "\" in it, expected a file of CIFAR's Python version");
  }
  int64_t rows = 0;
  const std::string* pixels = pixels_of(*data, rows);
  if (!pixels) throw DataError(path, "\"data\" is no array of bytes, [N, 3072], which is expected");
  const auto* list = label_list->as<formats::List>();
  if (!list || static_cast<int64_t>(list->items.size()) != rows) {
    throw DataError(path, "found " + std::to_string(list ? list->items.size() : 0) + " " + labels + ", expected " +
                              std::to_string(rows) + ", one per image");
  }
  CifarPickle found{*pixels, {}};
  for (const Value& item : list->items) {
    const auto* label = item.as<int64_t>();
    if (!label) throw DataError(path, "found a label that is no whole number");
    found.labels.push_back(*label);
  }
  return found;
}

}  // namespace torch_ext

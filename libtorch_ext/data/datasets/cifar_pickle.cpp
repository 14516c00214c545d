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

bool holds_images(const formats::Tensor& array) {
  return array.dtype == formats::DType::Byte && array.shape.size() == 2 && array.shape[1] == kNumbers;
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
  const auto* array = data->as<formats::Tensor>();
  if (!array || !holds_images(*array)) {
    throw DataError(path, "\"data\" is no array of bytes, [N, 3072], which is expected");
  }
  const int64_t rows = array->shape[0];
  const auto* list = label_list->as<formats::List>();
  if (!list || static_cast<int64_t>(list->items.size()) != rows) {
    throw DataError(path, "found " + std::to_string(list ? list->items.size() : 0) + " " + labels + ", expected " +
                              std::to_string(rows) + ", one per image");
  }
  std::vector<std::byte> scratch;
  const auto pixels = as_data_error([&] { return formats::row_major_bytes(*array, scratch); });
  CifarPickle found{{pixels.begin(), pixels.end()}, {}};
  for (const Value& item : list->items) {
    const auto* label = item.as<int64_t>();
    if (!label) throw DataError(path, "found a label that is no whole number");
    found.labels.push_back(*label);
  }
  return found;
}

}  // namespace torch_ext

#include "libtorch_ext/checkpoint/loaded_file.h"

#include "libtorch_ext/checkpoint/error.h"

namespace torch_ext {
namespace {

std::string keys_of(const formats::Dict& dict) {
  constexpr size_t kShown = 8;
  std::string keys;
  for (size_t i = 0; i < dict.items.size() && i < kShown; ++i) {
    const auto* name = dict.items[i].first.as<std::string>();
    keys += (i ? ", " : "") + (name ? "\"" + *name + "\"" : dict.items[i].first.type_name());
  }
  return dict.items.empty() ? "none" : keys + (dict.items.size() > kShown ? ", …" : "");
}

}  // namespace

const Value* LoadedFile::find(const std::string& key) const {
  const auto* dict = root.as<formats::Dict>();
  if (!dict)
    throw CheckpointError(path, "found a " + root.type_name() + ", expected a dictionary with \"" + key + "\"");
  return dict->find(key);
}

const Value& LoadedFile::at(const std::string& key) const {
  if (const Value* value = find(key)) return *value;
  throw CheckpointError(path, "expected the key \"" + key + "\", found the keys " + keys_of(*root.as<formats::Dict>()));
}

int64_t LoadedFile::integer(const std::string& key) const {
  const Value& value = at(key);
  if (const auto* integer = value.as<int64_t>()) return *integer;
  throw CheckpointError(path, key + ": found a " + value.type_name() + ", expected an integer");
}

double LoadedFile::number(const std::string& key) const {
  const Value& value = at(key);
  if (const auto* number = value.as<double>()) return *number;
  if (const auto* integer = value.as<int64_t>()) return static_cast<double>(*integer);
  throw CheckpointError(path, key + ": found a " + value.type_name() + ", expected a number");
}

}  // namespace torch_ext

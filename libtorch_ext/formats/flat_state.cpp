#include "libtorch_ext/formats/flat_state.h"

#include <stdexcept>
#include <string_view>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/unique_names.h"
#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr size_t kMaxText = 64 * 1024;
constexpr size_t kMaxName = 80;

template <class Item, class Named>
void check_names(const std::vector<Item>& items, std::string Named::*name) {
  for (const Item& item : items) {
    if (!is_utf8(item.*name)) throw std::invalid_argument("the name " + repr(item.*name, kMaxName) + " is no UTF-8");
  }
  if (const auto twice = find_twice(items, name)) {
    throw std::invalid_argument("two values would be named " + repr(*twice, kMaxName) + "; rename one");
  }
}

void refuse(const std::vector<Unfit>& unfit) {
  if (unfit.empty()) return;
  throw std::invalid_argument("only files of torch.save keep " + listed(unfit) +
                              "; write one (.pt), or leave them out (tx-ckpt convert --key or --drop)");
}

std::string text_of(const NamedValue& value) {
  if (const auto* text = value.value.as<std::string>()) return *text;
  std::string text = repr(value.value, kMaxText);
  if (text.size() > kMaxText) refuse({{value.name, "a value of more than 64 KiB as text"}});
  return text;
}

FlatState flatten(const Value& root) {
  FlatState state;
  const auto* dict = root.as<Dict>();
  if (const Dict* entries = metadata_of(root)) {
    for (const auto& [key, value] : entries->items) {
      const auto* text = key.as<std::string>();
      std::string name = text ? *text : repr(key, kMaxName);
      state.metadata.emplace_back(name, text_of({name, value}));
    }
  }
  FlatValues values;
  if (!dict || !dict->items.empty()) values = flat_values(root);
  refuse(values.unfit);
  for (auto& value : values.fit) {
    if (const auto* tensor = value.value.as<Tensor>())
      state.tensors.push_back({std::move(value.name), *tensor});
    else
      state.metadata.emplace_back(value.name, text_of(value));
  }
  check_names(state.tensors, &NamedTensor::name);
  for (const auto& [name, tensor] : state.tensors) {
    if (name == kMetadata) throw std::invalid_argument("a tensor can't be named __metadata__; rename it");
    check_bounds(tensor);
  }
  check_names(state.metadata, &std::pair<std::string, std::string>::first);
  return state;
}

}  // namespace

FlatState flat_state(const Value& root, const std::string& file) {
  try {
    return flatten(root);
  } catch (const std::logic_error& error) {
    throw FormatError(file, std::string("can't be written: ") + error.what());
  }
}

const Dict* metadata_of(const Value& root) {
  const auto* dict = root.as<Dict>();
  if (!dict) return nullptr;
  for (const auto& [name, attribute] : dict->attributes) {
    if (const auto* entries = name == kMetadata ? attribute.as<Dict>() : nullptr) return entries;
  }
  return nullptr;
}

void set_metadata(Dict& root, const std::vector<std::pair<std::string, std::string>>& metadata) {
  if (metadata.empty()) return;
  Dict entries;
  for (const auto& [name, text] : metadata) entries.items.emplace_back(name, text);
  root.attributes.emplace_back(kMetadata, std::move(entries));
}

}  // namespace torch_ext::formats

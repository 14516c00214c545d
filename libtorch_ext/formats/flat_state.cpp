#include "libtorch_ext/formats/flat_state.h"

#include <stdexcept>
#include <string_view>
#include <unordered_set>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/unique_names.h"
#include "libtorch_ext/formats/utf8.h"
#include "libtorch_ext/formats/value_children.h"

namespace torch_ext::formats {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr size_t kMaxText = 64 * 1024;
constexpr size_t kMaxName = 80;

/// Finds what only looks like plain values and tensors.
class SpecialTensors {
 public:
  void refuse(const Value& value) {
    if (value.as<std::shared_ptr<const Storage>>()) fail("a storage without a tensor");
    const auto* object = value.as<Object>();
    if (object && object->type.module == "torch._utils") fail("a tensor made by " + object->type.name);
    if (const void* id = value.identity(); id && seen_.insert(id).second) {
      for_each_child(value, [this](const Value& child) { refuse(child); });
    }
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw std::invalid_argument("the root holds " + what + ", which only files of torch.save can keep");
  }

  std::unordered_set<const void*> seen_;
};

template <class Item, class Named>
void check_names(const std::vector<Item>& items, std::string Named::*name) {
  for (const Item& item : items) {
    if (!is_utf8(item.*name)) throw std::invalid_argument("the name " + repr(item.*name, kMaxName) + " is no UTF-8");
  }
  if (const auto twice = find_twice(items, name)) {
    throw std::invalid_argument("two values would be named " + repr(*twice, kMaxName) + "; rename one");
  }
}

FlatState flatten(const Value& root) {
  FlatState state;
  state.tensors = named_tensors(root);
  SpecialTensors().refuse(root);
  check_names(state.tensors, &NamedTensor::name);
  for (const auto& [name, tensor] : state.tensors) {
    if (name == kMetadata) throw std::invalid_argument("a tensor can't be named __metadata__; rename it");
    check_bounds(tensor);
  }
  const auto add = [&](std::string name, const Value& value) {
    const auto* text = value.as<std::string>();
    state.metadata.emplace_back(std::move(name), text ? *text : repr(value, kMaxText));
  };
  if (const Dict* entries = metadata_of(root)) {
    for (const auto& [key, value] : entries->items) {
      const auto* text = key.as<std::string>();
      add(text ? *text : repr(key, kMaxName), value);
    }
  }
  const auto* dict = root.as<Dict>();
  if (!dict || !dict->items.empty()) {
    for (auto& [name, value] : named_leaves(root)) add(std::move(name), value);
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

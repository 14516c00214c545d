#include "libtorch_ext/formats/flatten.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <unordered_map>

#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/value_children.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxVisits = size_t{1} << 22;
constexpr size_t kMaxDepth = 1000;

/// Knows which values have a tensor somewhere in them.
class TensorHolders {
 public:
  bool holds(const Value& value, size_t depth = 0) {
    if (value.as<Tensor>()) return true;
    const void* id = value.identity();
    if (!id) return false;
    if (depth > kMaxDepth) throw std::length_error("containers are nested in more than 1000 levels");
    const auto [known, is_new] = known_.try_emplace(id, false);
    if (!is_new) return known->second;
    bool found = false;
    for_each_child(value, [&](const Value& child) { found |= holds(child, depth + 1); });
    return known_[id] = found;
  }

 private:
  std::unordered_map<const void*, bool> known_;
};

/// Whether a list or tuple reads best as one value.
bool is_plain(const std::vector<Value>& items) {
  return std::ranges::none_of(items, [](const Value& item) { return item.identity() || item.as<Tensor>(); });
}

std::string key_text(const Value& key) {
  const auto* text = key.as<std::string>();
  return text ? *text : repr(key, 80);
}

/// torch.fx's modules are made by a function of their attributes.
bool is_graph_module(const Object& object) {
  return object.type.module == "torch.fx.graph_module" && object.args && !object.args->items.empty() &&
         object.args->items[0].as<Dict>();
}

class Walker {
 public:
  using Visit = std::function<void(const std::string& name, const Value& value)>;

  explicit Walker(Visit visit) : visit_(std::move(visit)) {}

  void walk(const Value& value) {
    if (++visits_ > kMaxVisits) throw std::length_error("shared containers multiply to more than 4 million values");
    const void* id = value.identity();
    if (!id) return visit_(name_, value);
    if (std::ranges::find(path_, id) != path_.end()) return;
    if (path_.size() >= kMaxDepth) throw std::length_error("containers are nested in more than 1000 levels");
    path_.push_back(id);
    if (const auto* list = value.as<List>()) walk_sequence(value, list->items);
    if (const auto* tuple = value.as<Tuple>()) walk_sequence(value, tuple->items);
    if (const auto* dict = value.as<Dict>()) walk_dict(value, *dict);
    if (const auto* object = value.as<Object>()) walk_object(value, *object);
    path_.pop_back();
  }

 private:
  void walk_under(const std::string& key, const Value& value) {
    const size_t length = name_.size();
    if (length > 0) name_ += '.';
    name_ += key;
    walk(value);
    name_.resize(length);
  }

  void walk_items(const std::vector<Value>& items) {
    for (size_t i = 0; i < items.size(); ++i) walk_under(std::to_string(i), items[i]);
  }

  void walk_pairs(const std::vector<std::pair<Value, Value>>& pairs) {
    for (const auto& [key, value] : pairs) walk_under(key_text(key), value);
  }

  void walk_sequence(const Value& value, const std::vector<Value>& items) {
    if (is_plain(items))
      visit_(name_, value);
    else
      walk_items(items);
  }

  void walk_dict(const Value& value, const Dict& dict) {
    if (dict.items.empty())
      visit_(name_, value);
    else
      walk_pairs(dict.items);
  }

  /// A module's parts go by the names that its state_dict has for them.
  void walk_attributes(const Dict& attributes) {
    for (const auto& [key, value] : attributes.items) {
      const auto* name = key.as<std::string>();
      const auto* parts = value.as<Dict>();
      const bool is_module_part = name && (*name == "_parameters" || *name == "_buffers" || *name == "_modules");
      if (is_module_part && parts)
        walk_pairs(parts->items);
      else
        walk_under(key_text(key), value);
    }
  }

  void walk_object(const Value& value, const Object& object) {
    if (!holders_.holds(value)) return visit_(name_, value);
    if (is_graph_module(object)) return walk_attributes(*object.args->items[0].as<Dict>());
    if (object.args) walk_items(object.args->items);
    walk_items(object.list_items);
    walk_pairs(object.dict_items);
    const auto* attributes = object.state ? object.state->as<Dict>() : nullptr;
    if (attributes)
      walk_attributes(*attributes);
    else if (object.state)
      walk(*object.state);
  }

  Visit visit_;
  TensorHolders holders_;
  std::string name_;
  std::vector<const void*> path_;
  size_t visits_ = 0;
};

}  // namespace

std::vector<NamedTensor> named_tensors(const Value& root) {
  std::vector<NamedTensor> tensors;
  Walker walker([&](const std::string& name, const Value& value) {
    if (const auto* tensor = value.as<Tensor>()) tensors.push_back({name, *tensor});
  });
  walker.walk(root);
  return tensors;
}

std::vector<NamedValue> named_values(const Value& root) {
  std::vector<NamedValue> values;
  Walker walker([&](const std::string& name, const Value& value) { values.push_back({name, value}); });
  walker.walk(root);
  return values;
}

std::vector<NamedValue> named_leaves(const Value& root) {
  std::vector<NamedValue> leaves;
  Walker walker([&](const std::string& name, const Value& value) {
    if (!value.as<Tensor>()) leaves.push_back({name, value});
  });
  walker.walk(root);
  return leaves;
}

}  // namespace torch_ext::formats

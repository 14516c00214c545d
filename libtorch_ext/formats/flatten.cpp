#include "libtorch_ext/formats/flatten.h"

#include <algorithm>
#include <functional>
#include <span>
#include <stdexcept>
#include <unordered_map>

#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/value_children.h"

namespace torch_ext::formats {
namespace {

// What shared containers may multiply to: as much as the file could say by itself, and some more.
constexpr size_t kSpareVisits = 100'000;
constexpr size_t kVisitsPerValue = 4;
constexpr size_t kSpareNameBytes = size_t{16} << 20;
constexpr size_t kNameBytesPerValue = 200;

/// Knows which values have a tensor somewhere in them.
class TensorHolders {
 public:
  bool holds(const Value& value, size_t depth = 0) {
    if (value.as<Tensor>()) return true;
    const void* id = value.identity();
    if (!id) return false;
    if (depth > kMaxNesting) throw std::length_error("containers are nested in more than 1000 levels");
    const auto [known, is_new] = known_.try_emplace(id, false);
    if (!is_new) return known->second;
    bool found = false;
    for_each_child(value, [&](const Value& child) {
      ++values_;
      found |= holds(child, depth + 1);
    });
    return known_[id] = found;
  }

  /// How many values have been looked at; those in shared containers count once.
  size_t values() const { return values_; }

 private:
  size_t values_ = 0;
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

/// What torch.compile made of a module.
bool is_compiled_module(const Object& object) {
  return object.type.module == "torch._dynamo.eval_frame" && object.type.name == "OptimizedModule" && object.args &&
         !object.args->items.empty();
}

/// What the parts of a sparse tensor are called in Python; none for an object that is no sparse tensor.
std::span<const char* const> sparse_parts(const Object& object) {
  static constexpr const char* kCoo[] = {"indices", "values"};
  static constexpr const char* kRows[] = {"crow_indices", "col_indices", "values"};
  static constexpr const char* kColumns[] = {"ccol_indices", "row_indices", "values"};
  if (object.type.module != "torch._utils" || object.type.name != "_rebuild_sparse_tensor") return {};
  const auto* layout = object.args && object.args->items.size() == 2 ? object.args->items[0].as<Object>() : nullptr;
  const auto* data = layout ? object.args->items[1].as<Tuple>() : nullptr;
  const auto* name =
      data && layout->args && layout->args->items.size() == 1 ? layout->args->items[0].as<std::string>() : nullptr;
  std::span<const char* const> parts;
  if (!name) return {};
  if (*name == "torch.sparse_coo") parts = kCoo;
  if (*name == "torch.sparse_csr" || *name == "torch.sparse_bsr") parts = kRows;
  if (*name == "torch.sparse_csc" || *name == "torch.sparse_bsc") parts = kColumns;
  return parts.size() <= data->items.size() ? parts : std::span<const char* const>();
}

/// How objects with __slots__ are pickled: their __dict__, if any, and a dict of the slots.
bool is_slots_state(const Tuple& state) {
  return state.items.size() == 2 && (state.items[0].is_none() || state.items[0].as<Dict>()) &&
         state.items[1].as<Dict>();
}

class Walker {
 public:
  using Visit = std::function<void(const std::string& name, const Value& value)>;

  using IsWhole = bool (*)(const Object& object);

  /// `is_whole`: the objects that come as one value although they have tensors in them.
  explicit Walker(Visit visit, IsWhole is_whole = nullptr) : visit_(std::move(visit)), is_whole_(is_whole) {}

  void run(const Value& root) {
    holders_.holds(root);
    visits_left_ = kSpareVisits + kVisitsPerValue * holders_.values();
    name_bytes_left_ = kSpareNameBytes + kNameBytesPerValue * holders_.values();
    walk(root);
  }

 private:
  void walk(const Value& value) {
    if (visits_left_-- == 0 || name_.size() > name_bytes_left_) {
      throw std::length_error("shared containers multiply to more names than the file has room for");
    }
    name_bytes_left_ -= name_.size();
    const void* id = value.identity();
    if (!id) return visit_(name_, value);
    if (std::ranges::find(path_, id) != path_.end()) return;
    if (path_.size() >= kMaxNesting) throw std::length_error("containers are nested in more than 1000 levels");
    path_.push_back(id);
    if (const auto* list = value.as<List>()) walk_sequence(value, list->items);
    if (const auto* tuple = value.as<Tuple>()) walk_sequence(value, tuple->items);
    if (const auto* dict = value.as<Dict>()) walk_dict(value, *dict);
    if (const auto* object = value.as<Object>()) walk_object(value, *object);
    path_.pop_back();
  }

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

  void walk_state(const Value& state) {
    const auto* attributes = state.as<Dict>();
    const auto* parts = state.as<Tuple>();
    if (attributes) return walk_attributes(*attributes);
    if (!parts || !is_slots_state(*parts)) return walk(state);
    for (const Value& part : parts->items) {
      if (const auto* dict = part.as<Dict>()) walk_attributes(*dict);
    }
  }

  void walk_object(const Value& value, const Object& object) {
    if (!holders_.holds(value) || (is_whole_ && is_whole_(object))) return visit_(name_, value);
    if (is_graph_module(object)) return walk_attributes(*object.args->items[0].as<Dict>());
    if (const auto names = sparse_parts(object); !names.empty()) {
      for (size_t i = 0; i < names.size(); ++i) walk_under(names[i], object.args->items[1].as<Tuple>()->items[i]);
      return;
    }
    if (is_compiled_module(object)) return walk_under("_orig_mod", object.args->items[0]);
    if (object.args) walk_items(object.args->items);
    walk_items(object.list_items);
    walk_pairs(object.dict_items);
    if (object.state) walk_state(*object.state);
  }

  Visit visit_;
  IsWhole is_whole_;
  TensorHolders holders_;
  std::string name_;
  std::vector<const void*> path_;
  size_t visits_left_ = 0;
  size_t name_bytes_left_ = 0;
};

}  // namespace

std::vector<NamedTensor> named_tensors(const Value& root) {
  std::vector<NamedTensor> tensors;
  Walker walker([&](const std::string& name, const Value& value) {
    if (const auto* tensor = value.as<Tensor>()) tensors.push_back({name, *tensor});
  });
  walker.run(root);
  return tensors;
}

std::vector<NamedValue> named_values(const Value& root, bool (*is_whole)(const Object& object)) {
  std::vector<NamedValue> values;
  Walker walker([&](const std::string& name, const Value& value) { values.push_back({name, value}); }, is_whole);
  walker.run(root);
  return values;
}

std::vector<NamedValue> named_leaves(const Value& root) {
  std::vector<NamedValue> leaves;
  Walker walker([&](const std::string& name, const Value& value) {
    if (!value.as<Tensor>()) leaves.push_back({name, value});
  });
  walker.run(root);
  return leaves;
}

}  // namespace torch_ext::formats

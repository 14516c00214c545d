#include "edit.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <unordered_set>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/glob.h"
#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/prefix.h"
#include "libtorch_ext/formats/rename.h"
#include "libtorch_ext/formats/value_children.h"
#include "near_names.h"

namespace ckpt {

using namespace torch_ext::formats;

namespace {

std::vector<std::string> string_keys(const Dict& dict) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict.items) {
    if (const auto* text = key.as<std::string>()) keys.push_back(*text);
  }
  return keys;
}

/// Changes the keys of the state_dict and, by `change_path`, those of its `_metadata`, which are paths of modules.
void change_keys(Dict& state, const std::function<std::string(const std::string&)>& change_key,
                 const std::function<std::string(const std::string&)>& change_path) {
  std::unordered_set<std::string> seen;
  for (auto& [key, value] : state.items) {
    const auto* text = key.as<std::string>();
    if (!text) continue;
    std::string changed = change_key(*text);
    if (!seen.insert(changed).second) {
      throw std::invalid_argument("\"" + *text + "\" and another key would both become \"" + changed + "\"");
    }
    key = std::move(changed);
  }
  for (auto& [name, attribute] : state.attributes) {
    auto* paths = name == "_metadata" ? attribute.as<Dict>() : nullptr;
    if (!paths) continue;
    Dict changed{.ordered = paths->ordered};
    for (auto& [path, fields] : paths->items) {
      // The wrapper's own entry, "", gives way to that of the module it wraps.
      if (const auto* text = path.as<std::string>()) changed.set(change_path(*text), std::move(fields));
    }
    *paths = std::move(changed);
  }
}

Value kept(const Value& value, const std::string& name, const std::vector<std::string>& globs, size_t depth) {
  if (!name.empty() && std::ranges::any_of(globs, [&](const auto& glob) { return matches_glob(glob, name); }))
    return value;
  const auto* dict = value.as<Dict>();
  if (!dict) return Value();
  if (depth > kMaxNesting) throw std::length_error("containers are nested in more than 1000 levels");
  Dict part{.ordered = dict->ordered, .attributes = dict->attributes};
  for (const auto& [key, item] : dict->items) {
    const auto* text = key.as<std::string>();
    if (!text) continue;
    Value inner = kept(item, name.empty() ? *text : name + "." + *text, globs, depth + 1);
    if (!inner.is_none()) part.items.emplace_back(key, std::move(inner));
  }
  return part.items.empty() ? Value() : Value(std::move(part));
}

/// Puts `change(tensor)` in the place of every tensor in `root`; each container is entered once.
void change_tensors(const Value& root, const std::function<Tensor(const Tensor&)>& change) {
  std::unordered_set<const void*> seen;
  std::vector<Value> left{root};
  while (!left.empty()) {
    const Value value = std::move(left.back());
    left.pop_back();
    if (!seen.insert(value.identity()).second) continue;
    for_each_child(value, [&](const Value& child) {
      if (const auto* tensor = child.as<Tensor>())
        const_cast<Value&>(child) = change(*tensor);
      else if (child.identity())
        left.push_back(child);
    });
  }
}

std::shared_ptr<const Storage> converted(std::shared_ptr<const Storage> from, DType dtype, DType new_dtype) {
  const size_t count = from->size() / element_size(dtype);
  const size_t size = count * element_size(new_dtype);
  auto storage = std::make_shared<Storage>(size, [from, dtype, new_dtype, size] {
    std::vector<std::byte> bytes;
    bytes.reserve(size);
    from->stream([&](std::span<const std::byte> piece) {
      const auto part = convert_elements(piece, dtype, new_dtype);
      bytes.insert(bytes.end(), part.begin(), part.end());
    });
    return bytes;
  });
  storage->location = from->location;
  if (storage_class(new_dtype)) storage->dtype = new_dtype;
  return storage;
}

}  // namespace

Value keep_only(const Value& root, const std::vector<std::string>& globs) {
  Value part = kept(root, "", globs, 0);
  if (part.is_none()) {
    throw std::invalid_argument("no name matches " + torch_ext::quoted_list(globs) + "; `tx-ckpt ls` lists all names");
  }
  return part;
}

Value at_key(const Value& root, const std::string& key) {
  const Value* value = &root;
  std::string rest = key;
  while (!rest.empty()) {
    const auto* dict = value->as<Dict>();
    const auto keys = dict ? string_keys(*dict) : std::vector<std::string>();
    // A key may itself hold dots: the longest that fits is meant.
    const std::string* longest = nullptr;
    for (const std::string& candidate : keys) {
      const bool fits = rest == candidate || rest.starts_with(candidate + ".");
      if (fits && (!longest || candidate.size() > longest->size())) longest = &candidate;
    }
    if (!longest) {
      throw std::invalid_argument("has no key \"" + rest + "\"" +
                                  (dict ? near_names(rest, keys) : " in a " + value->type_name()));
    }
    value = dict->find(*longest);
    rest.erase(0, longest->size() + 1);
  }
  return *value;
}

void strip_prefix(Dict& state) {
  const PrefixChange change = prefix_change(string_keys(state), {}, PrefixPolicy::kStrip);
  change_keys(
      state, [&](const std::string& key) { return change.apply(key); },
      [&](const std::string& path) {
        const std::string inner = change.apply(path + ".");
        return inner.empty() ? inner : inner.substr(0, inner.size() - 1);
      });
}

void add_prefix(Dict& state) {
  const PrefixChange change{.add = 1};
  change_keys(
      state, [&](const std::string& key) { return change.apply(key); },
      [](const std::string& path) { return path.empty() ? "module" : "module." + path; });
}

void rename(Dict& state, const std::vector<std::string>& rules) {
  std::vector<Rename> renames;
  for (const std::string& rule : rules) renames.push_back(Rename::parse(rule));
  change_keys(
      state, [&](const std::string& key) { return renamed(renames, key); },
      [](const std::string& path) { return path; });
}

void change_dtype(const Value& state, const std::string& word) {
  const auto new_dtype = dtype_from_name(word);
  if (!new_dtype || !is_floating_point(*new_dtype)) {
    throw std::invalid_argument(
        "--dtype: found \"" + word +
        "\", expected a floating-point dtype: float32, float16, bfloat16, float64, float8_e4m3fn, float8_e5m2, …");
  }
  std::map<std::pair<const Storage*, DType>, std::shared_ptr<const Storage>> storages;
  change_tensors(state, [&](Tensor tensor) {
    if (!is_floating_point(tensor.dtype) || tensor.dtype == *new_dtype) return tensor;
    auto& storage = storages[{tensor.storage.get(), tensor.dtype}];
    if (!storage) storage = converted(tensor.storage, tensor.dtype, *new_dtype);
    tensor.storage = storage;
    tensor.dtype = *new_dtype;
    return tensor;
  });
}

}  // namespace ckpt

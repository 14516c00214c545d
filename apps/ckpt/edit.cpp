#include "edit.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/elements.h"
#include "libtorch_ext/formats/glob.h"
#include "libtorch_ext/formats/pickle/pickle_arena.h"
#include "libtorch_ext/formats/prefix.h"
#include "libtorch_ext/formats/rename.h"
#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/value_children.h"
#include "libtorch_ext/formats/wrappers.h"
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
    std::unordered_map<std::string, size_t> known;
    for (auto& [path, fields] : paths->items) {
      const auto* text = path.as<std::string>();
      if (!text) {
        changed.items.emplace_back(path, std::move(fields));
        continue;
      }
      std::string new_path = change_path(*text);
      const auto [at, is_new] = known.try_emplace(new_path, changed.items.size());
      if (is_new)
        changed.items.emplace_back(std::move(new_path), std::move(fields));
      else  // a wrapper's own entry gives way to that of the module it wraps
        changed.items[at->second].second = std::move(fields);
    }
    *paths = std::move(changed);
  }
}

std::string change_prefix(Dict& state, PrefixPolicy policy) {
  const PrefixChange change = prefix_change(string_keys(state), {}, policy);
  change_keys(
      state, [&](const std::string& key) { return change.apply(key); },
      [&](const std::string& path) { return change.apply_to_path(path); });
  return change.to_words();
}

bool matches_any(const std::vector<std::string>& globs, const std::string& name) {
  return std::ranges::any_of(globs, [&](const auto& glob) { return matches_glob(glob, name); });
}

/// The name that `ls` prints for what stands under `key`.
std::string name_under(const std::string& name, const Value& key) {
  const auto* text = key.as<std::string>();
  return (name.empty() ? "" : name + ".") + (text ? *text : repr(key, 80));
}

/// Nothing where neither the value nor any in it matches.
std::optional<Value> kept(const Value& value, const std::string& name, const std::vector<std::string>& globs,
                          size_t depth) {
  if (!name.empty() && matches_any(globs, name)) return value;
  const auto* dict = value.as<Dict>();
  if (!dict) return std::nullopt;
  if (depth > kMaxNesting) throw std::length_error("containers are nested in more than 1000 levels");
  Dict part{.ordered = dict->ordered, .attributes = dict->attributes};
  for (const auto& [key, item] : dict->items) {
    auto inner = kept(item, name_under(name, key), globs, depth + 1);
    if (inner) part.items.emplace_back(key, *std::move(inner));
  }
  return part.items.empty() ? std::nullopt : std::optional<Value>(std::move(part));
}

/// Takes entries out of dictionaries. One that loses none stays the same object, and so does what others share with it.
class Dropper {
 public:
  Dropper(const std::vector<std::string>& globs, std::vector<std::string>& dropped)
      : globs_(globs), dropped_(dropped), is_used_(globs.size()) {}

  Value rest(const Value& value, const std::string& name, size_t depth = 0) {
    const auto* dict = value.as<Dict>();
    if (!dict) return value;
    if (depth > kMaxNesting) throw std::length_error("containers are nested in more than 1000 levels");
    Dict part{.ordered = dict->ordered, .attributes = dict->attributes};
    bool is_same = true;
    for (const auto& [key, item] : dict->items) {
      const std::string inner = name_under(name, key);
      if (is_dropped(inner)) {
        dropped_.push_back(inner);
        is_same = false;
        continue;
      }
      Value kept = rest(item, inner, depth + 1);
      is_same = is_same && kept.identity() == item.identity();
      part.items.emplace_back(key, std::move(kept));
    }
    return is_same ? value : Value(std::move(part));
  }

  void check() const {
    for (size_t i = 0; i < globs_.size(); ++i) {
      if (is_used_[i]) continue;
      throw std::invalid_argument("--drop: no name matches \"" + globs_[i] + "\"; `tx-ckpt ls` lists all names");
    }
  }

 private:
  bool is_dropped(const std::string& name) {
    bool found = false;
    for (size_t i = 0; i < globs_.size(); ++i) {
      if (!matches_glob(globs_[i], name)) continue;
      found = is_used_[i] = true;
    }
    return found;
  }

  const std::vector<std::string>& globs_;
  std::vector<std::string>& dropped_;
  std::vector<bool> is_used_;
};

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
  auto part = kept(root, "", globs, 0);
  if (!part) {
    throw std::invalid_argument("no name matches " + torch_ext::quoted_list(globs) + "; `tx-ckpt ls` lists all names");
  }
  return *std::move(part);
}

Value drop(const Value& root, const std::vector<std::string>& globs, std::vector<std::string>& dropped) {
  Dropper dropper(globs, dropped);
  Value rest = dropper.rest(root, "");
  dropper.check();
  const auto* dict = rest.as<Dict>();
  if (dict && dict->items.empty()) {
    throw std::invalid_argument("--drop: " + torch_ext::quoted_list(globs) + " leaves nothing to write");
  }
  return rest;
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

std::string strip_prefix(Dict& state) {
  std::string words = change_prefix(state, PrefixPolicy::kStrip);
  const auto keys = string_keys(state);
  const auto left = std::ranges::find_if(
      keys, [](const std::string& key) { return without_wrappers(key, Wrappers::kAll).size() < key.size(); });
  if (words.empty()) {
    words = "no prefix of a wrapper to strip";
    if (const std::string word = shared_word(keys); left == keys.end() && !word.empty()) {
      words += "; all keys begin with \"" + word + "\", which --rename '^" + word.substr(0, word.size() - 1) +
               "\\.=' takes off";
    }
  }
  // Others stand beside it, so it may be a name.
  if (left != keys.end()) words += "; left \"module.\" in " + *left + ", which --rename '\\bmodule\\.=' takes off";
  return words;
}

std::string add_prefix(Dict& state) { return change_prefix(state, PrefixPolicy::kAdd); }

void rename(Dict& state, const std::vector<std::string>& rules) {
  std::vector<Rename> renames;
  for (const std::string& rule : rules) renames.push_back(Rename::parse(rule));
  change_keys(
      state, [&](const std::string& key) { return renamed(renames, key); },
      [](const std::string& path) { return path; });
}

void change_dtype(const Value& state, const std::string& word) {
  const auto new_dtype = dtype_from_word(word);
  if (!new_dtype || !is_floating_point(*new_dtype)) {
    const std::vector<std::string> words = {"float32",
                                            "float16",
                                            "bfloat16",
                                            "float64",
                                            "float8_e4m3fn",
                                            "float8_e5m2",
                                            "float8_e4m3fnuz",
                                            "float8_e5m2fnuz",
                                            "float8_e8m0fnu",
                                            "half",
                                            "float",
                                            "double",
                                            "fp16",
                                            "bf16",
                                            "fp32",
                                            "fp64"};
    throw std::invalid_argument("--dtype: found \"" + word + "\"; expected a floating-point dtype: " +
                                torch_ext::quoted_list(words) + torch_ext::did_you_mean(word, words));
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

#include "libtorch_ext/formats/pickle/pickle_arena.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "libtorch_ext/formats/value_children.h"

namespace torch_ext::formats {
namespace {

void clear(List& list) { list.items.clear(); }
void clear(Tuple& tuple) { tuple.items.clear(); }
void clear(Dict& dict) {
  dict.items.clear();
  dict.attributes.clear();
}
void clear(Object& object) { object = Object(); }

/// The container that `value` is or that it has as a tensor's attributes; null for any other value.
const Value* container_of(const Value& value) {
  const auto* tensor = value.as<Tensor>();
  const Value* container = !tensor ? &value : tensor->attributes ? &tensor->attributes->state : nullptr;
  return container && container->identity() ? container : nullptr;
}

/// The containers directly in `value`, which is one.
std::vector<Value> containers_in(const Value& value) {
  std::vector<Value> found;
  for_each_child(value, [&](const Value& child) {
    if (const Value* container = container_of(child)) found.push_back(*container);
  });
  return found;
}

/// Whether `value` is no tuple, or a small one of plain values.
bool is_flat_or_held(const Value& value) {
  constexpr size_t kSmall = 8;  // looking into a large one again and again would take long
  const auto* tuple = value.as<Tuple>();
  if (!tuple) return true;
  return tuple->items.size() <= kSmall &&
         std::ranges::none_of(tuple->items, [](const Value& item) { return container_of(item) != nullptr; });
}

void check_keys(const Dict& dict) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(dict.items.size());
  for (const auto& [key, value] : dict.items) {
    const auto* text = key.as<std::string>();
    if (text && !seen.insert(*text).second) throw std::invalid_argument("a dict has the key '" + *text + "' twice");
  }
}

}  // namespace

void check_nesting(size_t levels) {
  if (levels <= kMaxNesting) return;
  throw std::invalid_argument("containers are nested in more than " + std::to_string(kMaxNesting) + " levels");
}

PickleArena::~PickleArena() {
  const auto take_apart = [this](const auto& containers) {
    for (const auto& container : containers) {
      if (!released_.contains(container.get())) clear(*container);
    }
  };
  take_apart(lists_);
  take_apart(tuples_);
  take_apart(dicts_);
  take_apart(objects_);
}

void PickleArena::add(const std::shared_ptr<Tuple>& tuple) {
  // Dropping a tuple goes on to the tuples in it, and stops at what the arena holds. So tuples of flat tuples are fine.
  if (std::ranges::all_of(tuple->items, is_flat_or_held)) return;
  tuples_.push_back(tuple);
  size_t height = 1;
  for (const Value& item : tuple->items) {
    const auto known = heights_.find(item.as<Tuple>());
    if (known != heights_.end()) height = std::max(height, known->second + 1);
  }
  check_nesting(height);
  heights_.emplace(tuple.get(), height);
}

void PickleArena::release(const Value& root) {
  struct Level {
    const void* id;
    std::vector<Value> children;
    size_t height = 1;
  };
  // Levels of containers below and including one; 0 while it is being walked, which ends a cycle.
  std::unordered_map<const void*, size_t> heights;
  std::vector<Level> path;
  const auto enter = [&](const Value& value) {
    if (const auto* dict = value.as<Dict>()) check_keys(*dict);
    heights[value.identity()] = 0;
    path.push_back({value.identity(), containers_in(value)});
  };
  if (const Value* container = container_of(root)) enter(*container);
  while (!path.empty()) {
    Level& level = path.back();
    check_nesting(std::max(path.size(), level.height));
    if (level.children.empty()) {
      const size_t height = level.height;
      heights[level.id] = height;
      path.pop_back();
      if (!path.empty()) path.back().height = std::max(path.back().height, height + 1);
      continue;
    }
    const Value child = std::move(level.children.back());
    level.children.pop_back();
    const auto known = heights.find(child.identity());
    if (known == heights.end())
      enter(child);
    else
      level.height = std::max(level.height, known->second + 1);
  }
  for (const auto& [id, height] : heights) released_.insert(id);
}

}  // namespace torch_ext::formats

#pragma once

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// Calls `visit(const Value&)` for each value directly in `value`, in the order of the file: items, keys and values,
/// attributes, an object's arguments and state.
template <class Visit>
void for_each_child(const Value& value, const Visit& visit) {
  const auto visit_pairs = [&](const std::vector<std::pair<Value, Value>>& pairs) {
    for (const auto& [key, item] : pairs) visit(key), visit(item);
  };
  if (const auto* list = value.as<List>()) {
    for (const Value& item : list->items) visit(item);
  } else if (const auto* tuple = value.as<Tuple>()) {
    for (const Value& item : tuple->items) visit(item);
  } else if (const auto* dict = value.as<Dict>()) {
    visit_pairs(dict->items);
    for (const auto& [name, attribute] : dict->attributes) visit(attribute);
  } else if (const auto* object = value.as<Object>()) {
    if (object->args) visit(Value(object->args));
    if (object->kwargs) visit(Value(object->kwargs));
    for (const Value& item : object->list_items) visit(item);
    visit_pairs(object->dict_items);
    if (object->state) visit(*object->state);
  }
}

}  // namespace torch_ext::formats

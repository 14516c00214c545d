#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torch_ext::formats {

/// A name that two of `items` have, or nothing. By sorting: no choice of names makes it slow, as it could a hash table.
template <class Item, class Named>
std::optional<std::string_view> find_twice(const std::vector<Item>& items, std::string Named::*name) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const Item& item : items) names.push_back(item.*name);
  std::ranges::sort(names);
  const auto found = std::ranges::adjacent_find(names);
  return found == names.end() ? std::nullopt : std::optional(*found);
}

}  // namespace torch_ext::formats

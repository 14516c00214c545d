#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <tuple>
#include <type_traits>

namespace torch_ext {

/// Calls `visit(tensor)` for every tensor in `value`: itself, or within vectors, arrays, maps (by value), optionals,
/// pairs and tuples, nested as one likes, in their order. What holds no tensors is passed over.
template <typename Value, typename Visit>
void visit_tensors(Value& value, Visit&& visit) {
  using Plain = std::remove_const_t<Value>;
  if constexpr (std::is_same_v<Plain, at::Tensor>) {
    visit(value);
  } else if constexpr (requires { std::tuple_size<Plain>::value; }) {
    std::apply([&](auto&... items) { (visit_tensors(items, visit), ...); }, value);
  } else if constexpr (requires { typename Plain::mapped_type; }) {
    for (auto& item : value) visit_tensors(item.second, visit);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    if (value) visit_tensors(*value, visit);
  } else if constexpr (requires {
                         typename Plain::value_type;
                         value.begin();
                         value.end();
                       }) {
    if constexpr (!std::is_arithmetic_v<typename Plain::value_type>) {
      for (auto& item : value) visit_tensors(item, visit);
    }
  }
}

}  // namespace torch_ext

#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "libtorch_ext/nn/call_observer.h"

namespace torch_ext {
namespace detail {

template <typename T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};

/// Collects where the defined tensors of an argument or result lie: in a tensor, an `optional` or tuples of them.
template <typename T>
void tensor_places(T& value, std::vector<at::Tensor*>& places) {
  if constexpr (std::is_same_v<T, at::Tensor>) {
    if (value.defined()) places.push_back(&value);
  } else if constexpr (TupleLike<T>) {
    std::apply([&](auto&... parts) { (tensor_places(parts, places), ...); }, value);
  } else if constexpr (requires { value.has_value(); }) {
    if (value.has_value()) tensor_places(*value, places);
  } else if constexpr (requires { requires std::is_same_v<decltype(value.output), at::Tensor>; }) {
    tensor_places(value.output, places);  // torch::nn::ASMoutput
  }
}

std::vector<at::Tensor> take_tensors(const std::vector<at::Tensor*>& places);
/// Throws a `c10::ValueError` where an observer has changed their number.
void put_tensors(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor*>& places);

}  // namespace detail

/// `forward(arguments…)` as a call of `module` that hooks see. For a class of one's own, in its `forward`:
///
/// ```cpp
/// torch::Tensor BlockImpl::forward(const torch::Tensor& x) {
///   return tx::observed(*this, [&](const torch::Tensor& x) { return x + conv_(x); }, x);
/// }
/// ```
///
/// Costs nothing to speak of while nobody observes.
template <typename Forward, typename... Arguments>
auto observed(torch::nn::Module& module, Forward&& forward, Arguments&&... arguments)
    -> std::decay_t<std::invoke_result_t<Forward&, std::decay_t<Arguments>&...>> {
  if (!detail::CallScope::wanted(module)) return std::invoke(forward, arguments...);

  std::tuple<std::decay_t<Arguments>...> values(arguments...);
  std::vector<at::Tensor*> places;
  detail::tensor_places(values, places);
  detail::CallScope scope(module, detail::take_tensors(places));
  detail::put_tensors(scope.inputs(), places);

  auto result = std::apply(forward, values);
  places.clear();
  detail::tensor_places(result, places);
  auto outputs = detail::take_tensors(places);
  scope.done(outputs);
  detail::put_tensors(outputs, places);
  return result;
}

}  // namespace torch_ext

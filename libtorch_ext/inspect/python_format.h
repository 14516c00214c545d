#pragma once

#include <c10/util/ArrayRef.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

/// Values as Python writes them: its `str`.
namespace torch_ext {

/// `True` or `False` for a `bool`, else the digits. A template, lest a pointer turn into a `bool`.
template <std::integral T>
std::string python_str(T value) {
  if constexpr (std::same_as<T, bool>)
    return value ? "True" : "False";
  else
    return std::to_string(value);
}

/// The shortest digits that read back as the same number: `0.1`, `1.0`, `1e-05`, `1e+16`, `inf`, `nan`.
std::string python_str(double value);

/// The text itself, without quotes.
std::string python_str(const std::string& value);

/// `None`, or the value.
template <typename T>
std::string python_str(const std::optional<T>& value) {
  return value ? python_str(*value) : "None";
}

/// A tuple: `(3, 3)`; of one element, `(3,)`.
template <typename T>
std::string python_tuple(c10::ArrayRef<T> values) {
  std::string text = "(";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ", ";
    text += python_str(values[i]);
  }
  return text + (values.size() == 1 ? ",)" : ")");
}

/// `pattern` with each `{}` replaced by the next of `texts`, of which there must be as many.
std::string fill_in(std::string_view pattern, std::initializer_list<std::string> texts);

/// A small `str.format`: `python_format("{}, eps={}, affine={}", 4, 1e-5, true)` is `"4, eps=1e-05, affine=True"`.
template <typename... Values>
std::string python_format(std::string_view pattern, const Values&... values) {
  return fill_in(pattern, {python_str(values)...});
}

}  // namespace torch_ext

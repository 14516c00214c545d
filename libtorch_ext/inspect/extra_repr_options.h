#pragma once

#include <torch/enum.h>
#include <torch/expanding_array.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>

#include "libtorch_ext/inspect/python_format.h"

/// How `extra_repr` reads the options of LibTorch's classes: one function a family of classes, each in a source of its
/// own, and the words they share.
namespace torch_ext::detail {

/// What Python shows for a module of this family; nothing for any other module.
std::optional<std::string> activation_extra(const torch::nn::Module& module);
std::optional<std::string> convolution_extra(const torch::nn::Module& module);
std::optional<std::string> embedding_extra(const torch::nn::Module& module);
std::optional<std::string> extension_extra(const torch::nn::Module& module);  // our own, of nn/
std::optional<std::string> linear_extra(const torch::nn::Module& module);
std::optional<std::string> normalization_extra(const torch::nn::Module& module);
std::optional<std::string> padding_extra(const torch::nn::Module& module);
std::optional<std::string> parameters_extra(const torch::nn::Module& module);
std::optional<std::string> pooling_extra(const torch::nn::Module& module);
std::optional<std::string> recurrent_extra(const torch::nn::Module& module);

/// `extra(options)` of the first of `Impls` that `module` is, or nothing.
template <typename... Impls, typename Extra>
std::optional<std::string> extra_of(const torch::nn::Module& module, Extra extra) {
  std::optional<std::string> text;
  auto is = [&]<typename Impl>(std::type_identity<Impl>) {
    const auto* impl = dynamic_cast<const Impl*>(&module);
    if (impl) text = extra(impl->options);
    return impl != nullptr;
  };
  (is(std::type_identity<Impls>{}) || ...);
  return text;
}

inline std::string when(bool condition, std::string text) { return condition ? text : ""; }

/// `torch::kReLU` is `relu`.
template <typename Enum>
std::string word(const Enum& value) {
  auto name = torch::enumtype::get_enum_name(value).substr(1);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

/// A number that Python shows as its caller wrote it, `2` or `2.0`; callers usually write `2`.
inline std::string number(double value) {
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  return whole ? python_str(static_cast<int64_t>(value)) : python_str(value);
}

template <size_t D, typename T>
std::string tuple(const torch::ExpandingArray<D, T>& values) {
  return python_tuple<T>(values);
}

/// A size that Python shows as its caller wrote it, `3` or `(3, 3)`; callers usually write `3`.
template <typename T>
std::string window(c10::ArrayRef<T> sides) {
  const bool square = std::all_of(sides.begin(), sides.end(), [&](T side) { return side == sides.front(); });
  return square ? python_str(sides.front()) : python_tuple(sides);
}
template <size_t D>
std::string window(const torch::ExpandingArray<D>& sides) {
  return window<int64_t>(sides);
}

}  // namespace torch_ext::detail

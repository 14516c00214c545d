#pragma once

#include <torch/expanding_array.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/formats/pytorch/python_module.h"
#include "libtorch_ext/inspect/extra_repr_options.h"

/// LibTorch's options from Python's attributes and back. A layer's description (layer.h) is called with either of the
/// two classes below in the place of `python`:
///
///     [](auto& python, auto& options) {
///       python("in_features", options.in_features());
///       python.is_there("bias", options.bias());
///       python.parameters(true, {"weight"}, {options.out_features(), options.in_features()});
///     }
namespace torch_ext::detail {

/// "found a str, expected a number".
[[noreturn]] void fail_conversion(const Value& found, const std::string& expected);

/// The items of a tuple, list or torch.Size; null for anything else.
const std::vector<Value>* items_of(const Value& value);

void from_python(const Value& value, bool& field);
void from_python(const Value& value, int64_t& field);
void from_python(const Value& value, double& field);
void from_python(const Value& value, std::string& field);

template <typename T>
void from_python(const Value& value, std::optional<T>& field);

/// A tuple of D, or one value for all.
template <size_t D, typename T>
void from_python(const Value& value, torch::ExpandingArray<D, T>& field) {
  const auto* items = items_of(value);
  if (items && items->size() != D) fail_conversion(value, std::to_string(D) + " values");
  for (size_t i = 0; i < D; ++i) from_python(items ? (*items)[i] : value, (*field)[i]);
}
template <size_t D, typename T>
void from_python(const Value& value, std::optional<torch::ExpandingArray<D, T>>& field) {
  field.reset();
  if (!value.is_none()) from_python(value, field.emplace(T()));
}

template <typename T>
void from_python(const Value& value, std::vector<T>& field) {
  const auto* items = items_of(value);
  field.resize(items ? items->size() : 1);
  for (size_t i = 0; i < field.size(); ++i) from_python(items ? (*items)[i] : value, field[i]);
}

template <typename T>
void from_python(const Value& value, std::optional<T>& field) {
  if (value.is_none()) {
    field.reset();
    return;
  }
  if (!field) field.emplace(T());
  from_python(value, *field);
}

/// One of LibTorch's enumerations, of which a convolution's padding may also be numbers.
template <typename... Alternatives>
void from_python(const Value& value, std::variant<Alternatives...>& field) {
  std::string words;
  const auto* text = value.as<std::string>();
  const auto take = [&]<typename Alternative>(std::type_identity<Alternative>) {
    if constexpr (std::is_empty_v<Alternative>) {
      const std::string name = word(std::variant<Alternative>());
      words += (words.empty() ? "'" : ", '") + name + "'";
      if (!text || *text != name) return false;
      field = Alternative();
    } else {
      if (text) return false;
      Alternative numbers(0);
      from_python(value, numbers);
      field = numbers;
    }
    return true;
  };
  if (!(take(std::type_identity<Alternatives>{}) || ...)) fail_conversion(value, words);
}

template <typename T>
Value to_python(const T& field) {
  return field;
}

template <typename T>
Value to_python(const std::optional<T>& field);

template <typename Items>
Value tuple_of(const Items& items) {
  formats::Tuple tuple;
  for (const auto& item : items) tuple.items.push_back(to_python(item));
  return tuple;
}
template <typename T>
Value to_python(const std::vector<T>& field) {
  return tuple_of(field);
}
template <size_t D, typename T>
Value to_python(const torch::ExpandingArray<D, T>& field) {
  return tuple_of(*field);
}
template <size_t D, typename T>
Value to_python(const torch::ExpandingArrayWithOptionalElem<D, T>& field) {
  return tuple_of(*field);
}

template <typename T>
Value to_python(const std::optional<T>& field) {
  return field ? to_python(*field) : Value();
}

template <typename... Alternatives>
Value to_python(const std::variant<Alternatives...>& field) {
  return std::visit(
      []<typename Alternative>(const Alternative& held) -> Value {
        if constexpr (std::is_empty_v<Alternative>)
          return word(std::variant<Alternative>(held));
        else
          return to_python(held);
      },
      field);
}

/// A tuple of equal values as one of them: how callers write a window's size, and how `repr` prints it.
Value as_window(Value tuple);

/// Fills options from a pickled module. An attribute that the file lacks, because an older version of PyTorch wrote
/// it, leaves its option as it is. Throws `std::invalid_argument` that names the attribute.
class LayerReader {
 public:
  explicit LayerReader(const formats::PythonModule& module) : module_(module) {}

  template <typename T>
  void operator()(const char* name, T& field) const {
    const Value* value = module_.attribute(name);
    if (!value) return;
    try {
      from_python(*value, field);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string(name) + ": " + error.what());
    }
  }
  /// A size that Python keeps as its caller wrote it.
  template <typename T>
  void window(const char* name, T& field) const {
    (*this)(name, field);
  }
  /// A stride that is the kernel's size where it is None.
  template <typename T>
  void stride(const char* name, T& field, const T& kernel_size) const {
    const Value* value = module_.attribute(name);
    if (value && value->is_none())
      field = kernel_size;
    else
      (*this)(name, field);
  }
  /// A number that Python keeps as its caller wrote it, `2` or `2.0`.
  void number(const char* name, double& field) const { (*this)(name, field); }
  /// An attribute for which LibTorch has no option: anything but `value` is refused.
  void constant(const char* name, const Value& value) const;
  /// An attribute that Python computes from others.
  void derived(const char*, const Value&) const {}
  /// Whether the parameter is not None.
  void is_there(const char* name, bool& field) const;
  /// Each must have this shape where `expected`, and be None or missing elsewhere.
  void parameters(bool expected, std::initializer_list<const char*> names, const std::vector<int64_t>& shape) const;
  void buffers(bool expected, std::initializer_list<const char*> names, const std::vector<int64_t>& shape) const;
  /// The number of batches that a norm has seen: in files of PyTorch 0.4.1 and later.
  void batch_counter(bool) const {}

 private:
  const formats::PythonModule& module_;
};

/// Writes options as the attributes that Python's class has.
class LayerWriter {
 public:
  LayerWriter(formats::Dict& attributes, formats::Dict& buffers) : attributes_(attributes), buffers_(buffers) {}

  template <typename T>
  void operator()(const char* name, const T& field) {
    attributes_.set(name, to_python(field));
  }
  template <typename T>
  void window(const char* name, const T& field) {
    attributes_.set(name, as_window(to_python(field)));
  }
  template <typename T>
  void stride(const char* name, const T& field, const T& kernel_size) {
    attributes_.set(name, *field == *kernel_size ? Value() : as_window(to_python(field)));
  }
  void number(const char* name, double field);
  void constant(const char* name, const Value& value) { attributes_.set(name, value); }
  void derived(const char* name, const Value& value) { attributes_.set(name, value); }
  void is_there(const char*, bool) {}
  void parameters(bool, std::initializer_list<const char*>, const std::vector<int64_t>&) {}
  void buffers(bool expected, std::initializer_list<const char*> names, const std::vector<int64_t>&) {
    if (expected) return;
    for (const char* name : names) buffers_.set(name, formats::None());
  }
  void batch_counter(bool expected) { buffers(expected, {"num_batches_tracked"}, {}); }

 private:
  formats::Dict& attributes_;
  formats::Dict& buffers_;
};

}  // namespace torch_ext::detail

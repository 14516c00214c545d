#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch_ext {

/// Appends an optimizer's options or state to the dictionary that Python keeps them in. `OptimizerReader` takes the
/// same calls, so that one description of an optimizer serves both directions; see `optimizer_layout.cpp`.
///
///     fields.value("momentum", options.momentum());
///     fields.tensor("momentum_buffer", state.momentum_buffer());
class OptimizerWriter {
 public:
  OptimizerWriter(formats::Dict& dict, TensorWriter& writer) : dict_(dict), writer_(writer) {}

  void value(const char* key, double value) { add(key, value); }
  void value(const char* key, bool value) { add(key, value); }
  void value(const char* key, int64_t value) { add(key, value); }
  void value(const char* key, const std::tuple<double, double>& value);
  void value(const char* key, const std::optional<int64_t>& value) { add(key, value ? Value(*value) : Value()); }
  void value(const char* key, const std::optional<std::string>& value) { add(key, value ? Value(*value) : Value()); }
  /// An option that older files lack.
  void later_value(const char* key, bool value) { add(key, value); }
  void later_value(const char* key, double value) { add(key, value); }
  /// An option that LibTorch's optimizer lacks: `value` is how it behaves.
  void constant(const char* key, bool value) { add(key, value); }
  /// An option that only says how Python computes.
  void hint(const char* key, Value value) { add(key, std::move(value)); }

  /// The steps taken, which Python keeps as a tensor.
  void step(int64_t value);
  /// A tensor of the parameter's shape. Left out where it is undefined.
  void tensor(const char* key, const at::Tensor& value, bool required = true);
  /// A tensor of one element, or the integer that it was at first.
  void scale(const char* key, const at::Tensor& value);
  /// Tensors of the parameter's shape.
  void tensors(const char* key, const std::deque<at::Tensor>& value);
  /// Tensors of one element each.
  void scalars(const char* key, const std::deque<at::Tensor>& value);
  /// Tensors of one element each, or None. Left out where there is no list.
  void scratch(const char* key, const std::optional<std::vector<at::Tensor>>& value);

 private:
  void add(const char* key, Value value) { dict_.items.emplace_back(key, std::move(value)); }
  template <class Tensors>
  void add_list(const char* key, const Tensors& tensors);

  formats::Dict& dict_;
  TensorWriter& writer_;
};

}  // namespace torch_ext

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
#include "libtorch_ext/optim/optimizer_fields.h"

namespace torch_ext {

/// Appends an optimizer's options or state to the dictionary that Python keeps them in. `OptimizerReader` takes the
/// same calls, so that one description of an optimizer serves both directions; see `optimizer_layout.cpp`.
///
///     fields.value("momentum", options.momentum());
///     fields.tensor("momentum_buffer", state.momentum_buffer());
class OptimizerWriter final : public OptimizerFields {
 public:
  OptimizerWriter(formats::Dict& dict, TensorWriter& writer) : dict_(dict), writer_(writer) {}

  void value(const char* key, double& value) override { add(key, value); }
  void value(const char* key, bool& value) override { add(key, value); }
  void value(const char* key, int64_t& value) override { add(key, value); }
  void value(const char* key, std::tuple<double, double>& value) override;
  void value(const char* key, std::tuple<std::optional<double>, double>& value) override;
  void value(const char* key, std::optional<double>& value) override { add_optional(key, value); }
  void value(const char* key, std::optional<int64_t>& value) override { add_optional(key, value); }
  void value(const char* key, std::optional<std::string>& value) override { add_optional(key, value); }
  void later_value(const char* key, bool& value) override { add(key, value); }
  void later_value(const char* key, double& value) override { add(key, value); }
  void count(const char* key, int64_t& value) override;
  void constant(const char* key, bool value) override { add(key, value); }
  void hint(const char* key, Value value) override { add(key, std::move(value)); }

  void step(int64_t& value) override;
  void tensor(const char* key, at::Tensor& value, bool required = true) override;
  void reduced(const char* key, at::Tensor& value, int64_t dim) override;
  void scalar(const char* key, at::Tensor& value) override { add(key, writer_(value)); }

  // LBFGS's:
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
  template <class T>
  void add_optional(const char* key, const std::optional<T>& value) {
    add(key, value ? Value(*value) : Value());
  }
  template <class Tensors>
  void add_list(const char* key, const Tensors& tensors);

  formats::Dict& dict_;
  TensorWriter& writer_;
};

}  // namespace torch_ext

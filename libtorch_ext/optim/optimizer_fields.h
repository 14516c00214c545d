#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <tuple>

#include "libtorch_ext/formats/value.h"

namespace torch_ext {

/// The entries of an optimizer's options or state under Python's names: what is called for each entry either writes it
/// to a dictionary or reads it from there, so that one description serves both directions.
///
///     fields.value("lr", lr_);
///     fields.tensor("exp_avg", state.exp_avg);
class OptimizerFields {
 public:
  virtual ~OptimizerFields() = default;

  virtual void value(const char* key, double& value) = 0;
  virtual void value(const char* key, bool& value) = 0;
  virtual void value(const char* key, int64_t& value) = 0;
  virtual void value(const char* key, std::tuple<double, double>& value) = 0;
  virtual void value(const char* key, std::tuple<std::optional<double>, double>& value) = 0;
  virtual void value(const char* key, std::optional<double>& value) = 0;
  virtual void value(const char* key, std::optional<int64_t>& value) = 0;
  virtual void value(const char* key, std::optional<std::string>& value) = 0;
  /// An option that older files lack.
  virtual void later_value(const char* key, bool& value) = 0;
  virtual void later_value(const char* key, double& value) = 0;
  /// A number of steps that Python's group has once there was one.
  virtual void count(const char* key, int64_t& value) = 0;
  /// An option that this optimizer lacks: `value` is how it behaves.
  virtual void constant(const char* key, bool value) = 0;
  /// An option that only says how Python computes.
  virtual void hint(const char* key, formats::Value value) = 0;

  /// The steps taken, which Python keeps as a tensor.
  virtual void step(int64_t& value) = 0;
  /// A tensor of the parameter's shape. Left out where it is undefined.
  virtual void tensor(const char* key, at::Tensor& value, bool required = true) = 0;
  /// A tensor of the parameter's shape with one element along `dim`, counted from the end as -1 or -2. Left out where
  /// the parameter has fewer than two dimensions.
  virtual void reduced(const char* key, at::Tensor& value, int64_t dim) = 0;
  /// A tensor without dimensions.
  virtual void scalar(const char* key, at::Tensor& value) = 0;
};

}  // namespace torch_ext

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch_ext {

/// What the readers of one optimizer come across.
struct OptimizerFindings {
  std::vector<std::string> problems;  ///< "optimizer.state.0.exp_avg: is missing"
  std::vector<std::string> changed;   ///< "optimizer.param_groups.0.lr: 0.1 became 0.05"
};

/// Reads an optimizer's options or state from the dictionary that Python keeps them in: the counterpart of
/// `OptimizerWriter`. What doesn't fit becomes one of the problems, and the field stays as it was.
class OptimizerReader {
 public:
  /// `path` leads to `value`. Tensors shall have `shape`, and get the device and dtype of `parameter`.
  OptimizerReader(const Value& value, std::string path, OptimizerFindings& findings, at::IntArrayRef shape = {},
                  at::Tensor parameter = {});

  void value(const char* key, double& value);
  void value(const char* key, bool& value);
  void value(const char* key, int64_t& value);
  void value(const char* key, std::tuple<double, double>& value);
  void value(const char* key, std::optional<int64_t>& value);
  void value(const char* key, std::optional<std::string>& value);
  template <class T>
  void later_value(const char* key, T& value) {
    if (has(key)) this->value(key, value);
  }
  void constant(const char* key, bool value);
  void hint(const char*, const Value&) {}

  void step(int64_t& value);
  void tensor(const char* key, at::Tensor& value, bool required = true);
  void scale(const char* key, at::Tensor& value);
  void tensors(const char* key, std::deque<at::Tensor>& value);
  void scalars(const char* key, std::deque<at::Tensor>& value);
  void scratch(const char* key, std::optional<std::vector<at::Tensor>>& value);

  /// Whether there is something but None under `key`.
  bool has(const char* key) const;
  /// The value under `key`, of that type; null, and a problem, where there is none.
  const Value* at(const char* key) const;
  const formats::List* list(const char* key) const;
  const formats::Dict* dict(const char* key) const;
  std::optional<double> number(const char* key) const;
  /// Adds a problem with that entry.
  void fail(const std::string& key, const std::string& problem) const;

 private:
  std::optional<double> number(const char* key, const Value& value) const;
  at::Tensor converted(const formats::Tensor& value) const;
  at::Tensor shaped(const std::string& key, const Value& value, at::IntArrayRef shape) const;
  template <class T>
  void set(const char* key, T& value, T found);

  const formats::Dict* dict_;
  std::string path_;
  OptimizerFindings& findings_;
  std::vector<int64_t> shape_;
  at::Tensor parameter_;
};

}  // namespace torch_ext

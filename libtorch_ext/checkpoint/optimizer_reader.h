#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/optim/optimizer_fields.h"

namespace torch_ext {

/// What the readers of one optimizer come across.
struct OptimizerFindings {
  std::vector<std::string> problems;  ///< "optimizer.state.0.exp_avg: is missing"
  std::vector<std::string> changed;   ///< "optimizer.param_groups.0.lr: 0.1 became 0.05"
};

/// Reads an optimizer's options or state from the dictionary that Python keeps them in: the counterpart of
/// `OptimizerWriter`. What doesn't fit becomes one of the problems, and the field stays as it was.
class OptimizerReader final : public OptimizerFields {
 public:
  /// `path` leads to `value`. Tensors shall have `shape`, and get the device and dtype of `parameter`.
  OptimizerReader(const Value& value, std::string path, OptimizerFindings& findings, at::IntArrayRef shape = {},
                  at::Tensor parameter = {});

  void value(const char* key, double& value) override;
  void value(const char* key, bool& value) override;
  void value(const char* key, int64_t& value) override;
  void value(const char* key, std::tuple<double, double>& value) override;
  void value(const char* key, std::tuple<std::optional<double>, double>& value) override;
  void value(const char* key, std::optional<double>& value) override;
  void value(const char* key, std::optional<int64_t>& value) override;
  void value(const char* key, std::optional<std::string>& value) override;
  void later_value(const char* key, bool& value) override {
    if (has(key)) this->value(key, value);
  }
  void later_value(const char* key, double& value) override {
    if (has(key)) this->value(key, value);
  }
  void count(const char* key, int64_t& value) override;
  void constant(const char* key, bool value) override;
  void hint(const char*, Value) override {}

  void step(int64_t& value) override { read_count("step", value); }
  void tensor(const char* key, at::Tensor& value, bool required = true) override;
  void reduced(const char* key, at::Tensor& value, int64_t dim) override;
  void scalar(const char* key, at::Tensor& value) override;

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
  void read_count(const char* key, int64_t& value);
  const std::vector<Value>* pair(const char* key) const;
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

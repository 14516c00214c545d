#include "libtorch_ext/checkpoint/optimizer_writer.h"

#include <torch/torch.h>

namespace torch_ext {

void OptimizerWriter::value(const char* key, std::tuple<double, double>& value) {
  add(key, formats::Tuple{{std::get<0>(value), std::get<1>(value)}});
}

void OptimizerWriter::value(const char* key, std::tuple<std::optional<double>, double>& value) {
  const auto& [first, second] = value;
  add(key, formats::Tuple{{first ? Value(*first) : Value(), second}});
}

void OptimizerWriter::count(const char* key, int64_t& value) {
  if (value > 0) add(key, value);
}

void OptimizerWriter::step(int64_t& value) { add("step", writer_(torch::tensor(static_cast<float>(value)))); }

void OptimizerWriter::tensor(const char* key, at::Tensor& value, bool) {
  if (value.defined()) add(key, writer_(value));
}

void OptimizerWriter::reduced(const char* key, at::Tensor& value, int64_t) { tensor(key, value, false); }

void OptimizerWriter::scale(const char* key, const at::Tensor& value) {
  if (value.defined()) add(key, value.scalar_type() == at::kLong ? Value(value.item<int64_t>()) : writer_(value));
}

template <class Tensors>
void OptimizerWriter::add_list(const char* key, const Tensors& tensors) {
  formats::List list;
  for (const at::Tensor& tensor : tensors) list.items.push_back(tensor.defined() ? Value(writer_(tensor)) : Value());
  add(key, std::move(list));
}

void OptimizerWriter::tensors(const char* key, const std::deque<at::Tensor>& value) { add_list(key, value); }

void OptimizerWriter::scalars(const char* key, const std::deque<at::Tensor>& value) { add_list(key, value); }

void OptimizerWriter::scratch(const char* key, const std::optional<std::vector<at::Tensor>>& value) {
  if (value) add_list(key, *value);
}

}  // namespace torch_ext

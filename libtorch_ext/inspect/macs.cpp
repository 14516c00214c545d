#include "libtorch_ext/inspect/macs.h"

#include <ATen/core/ivalue.h>

#include <functional>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace torch_ext::detail {
namespace {

using Inputs = c10::ArrayRef<const c10::IValue>;

int64_t product(at::IntArrayRef sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

// [m, k] x [k, n], or batches of them.
int64_t matrix_product(const at::Tensor& a, const at::Tensor& b) { return product(a.sizes()) * b.size(-1); }

// Each weight once for each position of the output, or for a transposed convolution of the input.
int64_t convolution(Inputs inputs) {
  const at::Tensor& x = inputs[0].toTensor();
  const at::Tensor& weight = inputs[1].toTensor();
  const bool transposed = inputs[6].toBool();
  if (transposed) return x.size(0) * product(x.sizes().slice(2)) * product(weight.sizes());
  const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(), dilation = inputs[5].toIntVector();
  int64_t positions = x.size(0);
  for (size_t d = 0; d < stride.size(); ++d) {
    const auto dim = static_cast<int64_t>(d) + 2;
    positions *= (x.size(dim) + 2 * padding[d] - dilation[d] * (weight.size(dim) - 1) - 1) / stride[d] + 1;
  }
  return positions * product(weight.sizes());
}

// Query [batch, heads, n, d], key [batch, heads, m, d], value [batch, heads, m, e].
int64_t attention(Inputs inputs) {
  const at::Tensor& query = inputs[0].toTensor();
  const at::Tensor& key = inputs[1].toTensor();
  const at::Tensor& value = inputs[2].toTensor();
  return product(query.sizes()) * key.size(-2) +
         query.size(0) * query.size(1) * query.size(2) * key.size(-2) * value.size(-1);
}

// Query [batch, n, size]: the projections of query, key and value, the attention, the projection of its result.
int64_t self_attention(Inputs inputs) {
  const at::Tensor& query = inputs[0].toTensor();
  const int64_t tokens = query.size(0) * query.size(1), size = query.size(2);
  return tokens * size * 4 * size + 2 * tokens * query.size(1) * size;
}

using Formula = int64_t (*)(Inputs);

Formula formula_of(const at::RecordFunction& operation) {
  static const std::unordered_map<std::string_view, Formula> formulas{
      {"aten::mm", [](Inputs in) { return matrix_product(in[0].toTensor(), in[1].toTensor()); }},
      {"aten::addmm", [](Inputs in) { return matrix_product(in[1].toTensor(), in[2].toTensor()); }},
      {"aten::bmm", [](Inputs in) { return matrix_product(in[0].toTensor(), in[1].toTensor()); }},
      {"aten::baddbmm", [](Inputs in) { return matrix_product(in[1].toTensor(), in[2].toTensor()); }},
      {"aten::convolution", convolution},
      {"aten::_native_multi_head_attention", self_attention},
      {"aten::_scaled_dot_product_flash_attention_for_cpu", attention},
      {"aten::_scaled_dot_product_flash_attention", attention},
      {"aten::_scaled_dot_product_efficient_attention", attention},
      {"aten::_scaled_dot_product_cudnn_attention", attention},
  };
  const auto found = formulas.find(operation.name());
  return found == formulas.end() ? nullptr : found->second;
}

}  // namespace

bool has_macs(const at::RecordFunction& operation) { return formula_of(operation) != nullptr; }

int64_t macs_of(const at::RecordFunction& operation) {
  const Formula formula = formula_of(operation);
  return formula ? formula(operation.inputs()) : 0;
}

}  // namespace torch_ext::detail

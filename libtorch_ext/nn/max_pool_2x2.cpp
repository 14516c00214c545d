#include "libtorch_ext/nn/max_pool_2x2.h"

#include <torch/torch.h>

namespace torch_ext {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct PoolShape {
  int64_t planes, rows, columns;  // of the input

  int64_t out_rows() const { return rows / 2; }
  int64_t out_columns() const { return columns / 2; }
};

PoolShape pool_shape(at::IntArrayRef sizes) { return {sizes[0] * sizes[1], sizes[2], sizes[3]}; }

// Calls `each` with the input's offset of the first of a window's upper row, and the output's, for each output row.
template <class Each>
void for_each_pool_row(const PoolShape& shape, const Each& each) {
  const int64_t out_rows = shape.out_rows(), out_columns = shape.out_columns();
  at::parallel_for(0, shape.planes, std::max<int64_t>(1, 32768 / (shape.rows * shape.columns)), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      for (int64_t row = 0; row < out_rows; ++row) {
        each((plane * shape.rows + 2 * row) * shape.columns, (plane * out_rows + row) * out_columns);
      }
    }
  });
}

// Which of a window's four is its maximum: the first of equal ones, the last NaN.
void pool_row(const float* upper, const float* lower, int64_t count, float* out, uint8_t* which) {
  for (int64_t i = 0; i < count; ++i) {
    float most = upper[2 * i];
    int number = 0;
    const auto take = [&](float value, int its_number) {
      const bool wins = (value > most) | (value != value);
      most = wins ? value : most;
      number = wins ? its_number : number;
    };
    take(upper[2 * i + 1], 1);
    take(lower[2 * i], 2);
    take(lower[2 * i + 1], 3);
    out[i] = most;
    which[i] = static_cast<uint8_t>(number);
  }
}

// Puts each gradient where its window's maximum was; 0 elsewhere.
at::Tensor unpool(const at::Tensor& grad, const at::Tensor& which, at::IntArrayRef sizes) {
  const PoolShape shape = pool_shape(sizes);
  const at::Tensor result = at::zeros(sizes, grad.options());
  const at::Tensor from = grad.contiguous();
  const auto* g = from.const_data_ptr<float>();
  const auto* w = which.const_data_ptr<uint8_t>();
  auto* out = result.mutable_data_ptr<float>();
  for_each_pool_row(shape, [&](int64_t in, int64_t at) {
    for (int64_t i = 0; i < shape.out_columns(); ++i) {
      const int number = w[at + i];
      out[in + 2 * i + number % 2 + number / 2 * shape.columns] = g[at + i];
    }
  });
  return result;
}

struct MaxPool2x2 : torch::autograd::Function<MaxPool2x2> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    const PoolShape shape = pool_shape(x.sizes());
    const std::vector<int64_t> sizes = {x.size(0), x.size(1), shape.out_rows(), shape.out_columns()};
    at::Tensor result = at::empty(sizes, x.options());
    at::Tensor which = at::empty(sizes, x.options().dtype(at::kByte));
    const auto* in = x.const_data_ptr<float>();
    auto* out = result.mutable_data_ptr<float>();
    auto* w = which.mutable_data_ptr<uint8_t>();
    for_each_pool_row(shape, [&](int64_t from, int64_t to) {
      pool_row(in + from, in + from + shape.columns, shape.out_columns(), out + to, w + to);
    });
    context->save_for_backward({which});
    context->saved_data["sizes"] = x.sizes().vec();
    return result;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    TORCH_CHECK_NOT_IMPLEMENTED(!at::GradMode::is_enabled(), "max_pool_2x2: found create_graph, expected a first gradient "
                                "only; take torch::max_pool2d(x, 2)");
    return {unpool(grads[0], context->get_saved_variables()[0], context->saved_data["sizes"].toIntVector())};
  }
};

}  // namespace

at::Tensor max_pool_2x2(const at::Tensor& x) {
  const bool plain = x.device().is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 4 && x.is_contiguous() &&
                     x.size(2) >= 2 && x.size(3) >= 2 && x.numel() > 0;
  return plain ? MaxPool2x2::apply(x) : torch::max_pool2d(x, 2);
}

}  // namespace torch_ext

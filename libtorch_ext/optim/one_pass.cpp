#include "libtorch_ext/optim/one_pass.h"

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sqrt_cpu_dispatch.h>

#include <cmath>
#include <cstring>

namespace torch_ext {
namespace {

constexpr int64_t kParallelFrom = 65536;

bool is_plain(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat && tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         !tensor.is_neg() && !tensor.is_conj() && tensor.is_non_overlapping_and_dense();
}

bool share_memory(const at::Tensor& a, const at::Tensor& b) {
  const auto* first = static_cast<const char*>(a.const_data_ptr());
  const auto* second = static_cast<const char*>(b.const_data_ptr());
  return first < second + b.nbytes() && second < first + a.nbytes();
}

}  // namespace

bool fits_one_pass(const at::Tensor& parameter, const at::Tensor& grad, std::initializer_list<at::Tensor> others) {
  const auto same_layout = [&](const at::Tensor& other) {
    return is_plain(other) && other.sizes() == parameter.sizes() && other.strides() == parameter.strides();
  };
  if (!is_plain(parameter) || !same_layout(grad) || share_memory(parameter, grad)) return false;
  for (const auto& other : others) {
    if (other.defined() && !same_layout(other)) return false;
  }
  return true;
}

// A header's at::parallel_for is serial in a library that is compiled without OpenMP; LibTorch's iterator is not.
void for_ranges(const at::Tensor& parameter, const std::function<void(int64_t begin, int64_t end)>& work) {
  if (parameter.numel() < kParallelFrom || at::get_num_threads() == 1) return work(0, parameter.numel());
  const auto* base = static_cast<const char*>(parameter.const_data_ptr());
  auto ranges = at::TensorIteratorConfig().set_check_mem_overlap(false).add_const_input(parameter).build();
  ranges.for_each([&](char** data, const int64_t*, int64_t columns, int64_t rows) {
    const int64_t begin = (data[0] - base) / static_cast<int64_t>(sizeof(float));
    work(begin, begin + columns * rows);  // the layout has no gaps: one dimension is left
  });
}

void mark_changed(const at::Tensor& tensor) {
  if (tensor.defined() && !tensor.is_inference()) tensor.unsafeGetTensorImpl()->bump_version();
}

SquareRoots::SquareRoots() : numbers_(at::empty({kCapacity}, at::kFloat)), data_(numbers_.mutable_data_ptr<float>()) {}

void SquareRoots::take(int64_t n) {
  numbers_.unsafeGetTensorImpl()->set_sizes_contiguous({n});
  at::cpu::sqrt_(numbers_);
}

std::optional<Rounding> find_rounding(const std::function<at::Tensor(Rounding)>& kernel,
                                      const std::function<at::Tensor()>& reference) {
  const at::Tensor expected = reference();
  for (const auto rounding : {Rounding::kFused, Rounding::kSeparate}) {
    if (rounding == Rounding::kFused && at::get_cpu_capability() == "DEFAULT") continue;  // the processor may lack it
    const at::Tensor found = kernel(rounding);
    if (std::memcmp(found.const_data_ptr(), expected.const_data_ptr(), expected.nbytes()) == 0) return rounding;
  }
  return std::nullopt;
}

at::Tensor probe_numbers(int64_t seed) {
  constexpr int64_t kCount = 1021;  // not a multiple of any vector's length
  at::Tensor numbers = at::empty({kCount}, at::kFloat);
  auto* values = numbers.mutable_data_ptr<float>();
  for (int64_t i = 0; i < kCount; ++i) {
    values[i] = static_cast<float>(std::sin(static_cast<double>(i * 12 + seed) * 1.7));
  }
  return numbers;
}

}  // namespace torch_ext

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>

#include "libtorch_ext/optim/step_kernels.h"

namespace torch_ext {

/// Whether a step on these tensors can go through memory once: all are float32 on the CPU, of one shape and memory
/// layout without gaps, and `grad` shares no memory with `parameter`. Undefined ones are passed over.
bool fits_one_pass(const at::Tensor& parameter, const at::Tensor& grad, std::initializer_list<at::Tensor> others);

/// Calls `work(begin, end)` for ranges that together are all of the parameter's elements; large parameters on
/// LibTorch's threads.
void for_ranges(const at::Tensor& parameter, const std::function<void(int64_t begin, int64_t end)>& work);

/// Tells autograd, which the in-place operations would have told, that `tensor` has changed.
void mark_changed(const at::Tensor& tensor);

/// Takes ATen's square roots, whose last bits are those of the library behind it (MKL rounds a fifth of them otherwise
/// than IEEE), a few thousand at a time.
class SquareRoots {
 public:
  static constexpr int64_t kCapacity = 8192;  // with four more arrays of as many in the second-level cache

  SquareRoots();
  float* data() { return data_; }
  /// In place of the first `n` numbers.
  void take(int64_t n);

 private:
  at::Tensor numbers_;
  float* data_;
};

/// Which rounding makes `kernel(rounding)` and `reference()`, which return what a step made of the same numbers, equal
/// bit for bit; none where ATen computes in another way on this processor.
std::optional<Rounding> find_rounding(const std::function<at::Tensor(Rounding)>& kernel,
                                      const std::function<at::Tensor()>& reference);

/// Made-up numbers between -1 and 1 for that, other ones for each `seed`.
at::Tensor probe_numbers(int64_t seed);

}  // namespace torch_ext

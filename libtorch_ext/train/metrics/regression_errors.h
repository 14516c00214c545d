#pragma once

#include <ATen/core/Tensor.h>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// How far predictions are from what they should be.
struct RegressionResult {
  double mean_squared_error = 0;
  double mean_absolute_error = 0;
};

/// `sklearn.metrics.mean_squared_error` and `mean_absolute_error` over all numbers of all updates, in double.
class RegressionErrors {
 public:
  RegressionErrors();

  /// Both of the same shape. Doesn't wait for the predictions' device. Throws a `c10::ValueError` where shapes differ:
  /// broadcasting [N, 1] over [N] is a mistake that goes unnoticed.
  void update(const at::Tensor& prediction, const at::Tensor& target);
  /// 0 before the first update.
  RegressionResult compute() const;
  void reset();
  /// Takes the other ranks' samples in, too. Called by all of them, once, before `compute`; `reset` before going on.
  void reduce(const ProcessGroup& group);

 private:
  at::Tensor sums_;  // of squares, of absolute values, and their number
};

}  // namespace torch_ext

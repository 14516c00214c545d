#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// How often which class was taken for which: `sklearn.metrics.confusion_matrix`.
///
///     tx::ConfusionMatrix confusion(10);
///     for (…) confusion.update(scores, target);
///     confusion.compute()[6][0];  // shirts that were taken for T-shirts
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t num_classes);

  /// `scores`: [N, classes], of which the highest counts, the first of equal ones; or [N], the predicted classes.
  /// `target`: [N]. Doesn't wait for the scores' device; there, classes out of range are an error of the device.
  void update(const at::Tensor& scores, const at::Tensor& target);
  /// [classes, classes], int64, on the CPU: a row for each right class, a column for each predicted one.
  at::Tensor compute() const;
  void reset();
  /// Takes the other ranks' samples in, too. Called by all of them, once, before `compute`; `reset` before going on.
  void reduce(const ProcessGroup& group);

  int64_t num_classes() const { return num_classes_; }

 private:
  int64_t num_classes_;
  at::Tensor counts_;  // [classes * classes]
};

}  // namespace torch_ext

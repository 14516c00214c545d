#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// The share of samples whose right class is among the k highest scores, for several k at once.
///
/// Of equal scores the lower class comes first, as in `argmax`, so that k = 1 is the accuracy that training prints.
/// Without ties the same as `sklearn.metrics.top_k_accuracy_score`. A score that isn't a number counts as higher than
/// the right class's, and a right class without a number is never hit: a model that diverged scores nothing.
///
///     tx::TopKAccuracy accuracy({1, 5});
///     for (…) accuracy.update(scores, target);
///     accuracy.compute();  // {0.912, 0.998}
class TopKAccuracy {
 public:
  /// Throws a `c10::ValueError` for a k below 1.
  explicit TopKAccuracy(std::vector<int64_t> k = {1, 5});

  /// `scores`: [N, classes], of any monotone kind; `target`: [N], integers. Doesn't wait for the scores' device.
  void update(const at::Tensor& scores, const at::Tensor& target);
  /// In [0, 1], for each k as given; 0 before the first update.
  std::vector<double> compute() const;
  void reset();
  /// Takes the other ranks' samples in, too. Called by all of them, once, before `compute`; `reset` before going on.
  void reduce(const ProcessGroup& group);

  const std::vector<int64_t>& k() const { return k_; }

 private:
  std::vector<int64_t> k_;
  at::Tensor hits_;  // [k], and the samples at the end
};

}  // namespace torch_ext

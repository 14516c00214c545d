#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// Running sums of a classification epoch.
struct Tally {
  double loss_sum = 0;  ///< over samples
  int64_t correct = 0;
  int64_t samples = 0;

  /// `loss`: mean over the batch; `scores`: [batch, classes]; `target`: [batch], the right classes.
  void add(double loss, const at::Tensor& scores, const at::Tensor& target);

  /// The sum of all ranks'; called by all of them.
  Tally over(const ProcessGroup& group) const;

  /// NaN without samples.
  double mean_loss() const { return loss_sum / static_cast<double>(samples); }
  /// Share of samples whose highest score is the right class's, in [0, 1]; NaN without samples.
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(samples); }
};

}  // namespace torch_ext

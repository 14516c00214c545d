#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext {

/// The mean loss over samples, where the batches may differ in size. Summed in double on the loss's device.
class MeanLoss {
 public:
  MeanLoss();

  /// `loss`: the mean over `samples` samples, one number. Doesn't wait for its device.
  void update(const at::Tensor& loss, int64_t samples);
  /// `losses`: one for each sample, of any shape.
  void update(const at::Tensor& losses);
  /// 0 before the first update.
  double compute() const;
  void reset();
  /// Takes the other ranks' samples in, too. Called by all of them, once, before `compute`; `reset` before going on.
  void reduce(const ProcessGroup& group);

 private:
  at::Tensor sums_;  // of the losses, and the samples
};

}  // namespace torch_ext

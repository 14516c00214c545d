#pragma once

#include <string>

#include "libtorch_ext/train/log/summary_writer.h"
#include "libtorch_ext/train/fit.h"

/// What a run shows in TensorBoard: config, test images and the model's graph at the start; `loss/train`, `lr` and
/// `grad_norm` by the step; `loss/test`, `accuracy/train`, `accuracy/test`, `samples_per_second` and histograms of the
/// parameters by the epoch.
class TensorBoardLog {
 public:
  /// Writes into `folder`; what an earlier run wrote beyond the step that this one stands at is purged.
  TensorBoardLog(const std::string& folder, torch_ext::Run& run);

  void step(const torch_ext::Run& run, double loss);
  void epoch(const torch_ext::Run& run, const torch_ext::EpochResult& result);

 private:
  torch_ext::SummaryWriter writer_;
};

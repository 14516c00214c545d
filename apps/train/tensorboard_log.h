#pragma once

#include <string>

#include "libtorch_ext/train/log/summary_writer.h"
#include "libtorch_ext/train/run.h"

/// What a run shows in TensorBoard: `loss/train` and `lr` by the step, `loss/test`, `accuracy/train`, `accuracy/test` and
/// histograms of the parameters by the epoch.
class TensorBoardLog {
 public:
  /// Writes into `folder`; what an earlier run wrote beyond the step that this one stands at is purged.
  TensorBoardLog(const std::string& folder, const torch_ext::Run& run);

  void step(const torch_ext::Run& run, double loss);
  void epoch(const torch_ext::Run& run, const torch_ext::Tally& train, const torch_ext::Tally& test);

 private:
  torch_ext::SummaryWriter writer_;
};

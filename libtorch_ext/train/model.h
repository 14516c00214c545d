#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/checkpoint/load_report.h"
#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/nn/tensor_module.h"
#include "libtorch_ext/optim/param_groups.h"
#include "libtorch_ext/train/config.h"

namespace torch_ext {

/// A run's model before its first step.
struct RunModel {
  TensorModule model;
  /// What of `model.weights` was loaded; nothing without them.
  std::optional<LoadReport> weights;
  /// The parameters that are trained, as "param_groups" sorts them.
  ParamGroupPlan plan;
  /// Those that "model.freeze" and "param_groups" freeze.
  std::vector<std::string> frozen;
};

/// The file of `model.weights`, every CRC-32 compared; nothing where the config names none. Throws `CheckpointError`.
std::optional<LoadedFile> read_weights(const ModelConfig& config);

/// The model that a config says, on the CPU: of the zoo, with what fits of `weights`, and with its frozen parameters.
/// Draws the initial weights from LibTorch's generator. The same for all programs.
///
/// Throws `CheckpointError` where the weights don't fit (see `load_state_dict`), where one of them is nan or inf, and
/// where one that stays frozen isn't among them: it would keep its random values.
///
///     tx::RunModel made = tx::make_model(config, tx::read_weights(config.model));
///     if (made.weights) std::cout << to_text(*made.weights) << '\n';
RunModel make_model(const TrainConfig& config, const std::optional<LoadedFile>& weights);

}  // namespace torch_ext

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/nn/tensor_module.h"

namespace inspect {

struct ModelChoice {
  /// A name of the zoo, a training config (".json"), the folder of a run, or a file of Python's `torch.save(model)`.
  std::string model;
  std::optional<int64_t> num_classes;  ///< of the zoo's model
  std::string checkpoint;              ///< whose weights are loaded into it; empty: none, or the run's
};

struct OpenedModel {
  torch_ext::TensorModule model;   ///< in eval mode
  std::vector<std::string> notes;  ///< what was loaded into it, a line a file
};

/// The model. A config is `tx-train`'s: the model is made as there, from `model.weights`; that of a run (a "config.json"
/// beside its checkpoints, or their folder) has the weights that the run ended with: `best.pt`, or else `last.pt`.
/// Throws a `c10::Error` for a name or file that isn't there, and for weights that don't fit.
OpenedModel open_model(const ModelChoice& choice);

}  // namespace inspect

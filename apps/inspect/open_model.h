#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libtorch_ext/nn/tensor_module.h"

namespace inspect {

struct ModelChoice {
  std::string model;  ///< a name of the zoo, a training config (".json"), or a file of Python's `torch.save(model)`
  std::optional<int64_t> num_classes;  ///< of the zoo's model
  std::string checkpoint;              ///< whose weights are loaded into it; empty: none
};

/// The model, in eval mode. Throws a `c10::Error` for a name or file that isn't there, and for weights that don't fit.
torch_ext::TensorModule open_model(const ModelChoice& choice);

}  // namespace inspect

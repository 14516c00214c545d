#include "open_model.h"

#include <torch/types.h>

#include <filesystem>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/checkpoint/whole_model.h"
#include "libtorch_ext/models/registry.h"

namespace inspect {
namespace {

namespace tx = torch_ext;

tx::TensorModule new_model(const ModelChoice& choice) {
  if (!std::filesystem::exists(choice.model)) {
    tx::ModelOptions options;
    if (choice.num_classes) options.num_classes = *choice.num_classes;
    return tx::create_model(choice.model, options);
  }
  TORCH_CHECK_VALUE(!choice.num_classes, choice.model, ": found --num-classes, expected it for a name of --list only");
  return tx::build_module(tx::load(choice.model));
}

}  // namespace

tx::TensorModule open_model(const ModelChoice& choice) {
  tx::TensorModule model = new_model(choice);
  if (!choice.checkpoint.empty()) tx::load_state_dict(*model.ptr(), tx::load(choice.checkpoint));
  return model;
}

}  // namespace inspect

#include "open_model.h"

#include <torch/types.h>

#include <filesystem>

#include "libtorch_ext/checkpoint/file.h"
#include "libtorch_ext/checkpoint/state_dict.h"
#include "libtorch_ext/checkpoint/whole_model.h"
#include "libtorch_ext/models/registry.h"
#include "libtorch_ext/train/config.h"

namespace inspect {
namespace {

namespace tx = torch_ext;

tx::TensorModule configured_model(const ModelChoice& choice) {
  const tx::ModelConfig config = tx::read_train_config(choice.model).model;
  const tx::ModelOptions options{.num_classes = choice.num_classes.value_or(config.num_classes),
                                 .in_channels = config.in_channels};
  tx::TensorModule model = tx::create_model(config.name, options);
  if (config.weights) tx::load_state_dict(*model.ptr(), tx::load(*config.weights));
  return model;
}

tx::TensorModule new_model(const ModelChoice& choice) {
  if (!std::filesystem::exists(choice.model)) {
    tx::ModelOptions options;
    if (choice.num_classes) options.num_classes = *choice.num_classes;
    return tx::create_model(choice.model, options);
  }
  if (choice.model.ends_with(".json")) return configured_model(choice);
  TORCH_CHECK_VALUE(!choice.num_classes, choice.model,
                    ": found --num-classes, expected it for a name of --list or a config only");
  return tx::build_module(tx::load(choice.model));
}

}  // namespace

tx::TensorModule open_model(const ModelChoice& choice) {
  tx::TensorModule model = new_model(choice);
  if (!choice.checkpoint.empty()) tx::load_state_dict(*model.ptr(), tx::load(choice.checkpoint));
  model.ptr()->eval();
  return model;
}

}  // namespace inspect

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// Makes a model: a function like `resnet18`.
using ModelFactory = std::function<TensorModule(const ModelOptions&)>;

/// A model of the zoo, or a registered one, by its name. Throws a `c10::ValueError` that lists the names.
///
///     tx::TensorModule model = tx::create_model("resnet18", {.num_classes = 20});
TensorModule create_model(const std::string& name, const ModelOptions& options = {});

/// All names that `create_model` knows, sorted.
std::vector<std::string> model_names();

/// Makes `create_model`, and so every config, know a model. A name that is taken is an error. Returns true, so
/// that it can stand at namespace scope:
///
///     const bool registered = tx::register_model(
///         "lenet", [](const tx::ModelOptions& options) { return LeNet(options.num_classes); });
bool register_model(const std::string& name, ModelFactory factory);

}  // namespace torch_ext

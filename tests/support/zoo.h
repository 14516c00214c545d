#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/models/registry.h"

namespace torch_ext::testing {

/// Whether torchvision lacks a model of the zoo; `zoo.py` has it.
inline bool is_own(const std::string& name) { return name == "lenet" || name == "mlp" || name == "resnet9"; }

/// The zoo's models that torchvision has, too.
inline std::vector<std::string> torchvision_names() {
  std::vector<std::string> names = model_names();
  std::erase_if(names, [](const std::string& name) { return name.starts_with("test-") || is_own(name); });
  return names;
}

}  // namespace torch_ext::testing

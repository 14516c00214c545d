#include "libtorch_ext/inspect/module_paths.h"

#include <torch/nn/module.h>

#include <utility>

namespace torch_ext::detail {

ModulePaths::ModulePaths(NamedModules modules) : modules_(std::move(modules)) {
  for (const auto& item : modules_) paths_.emplace(item.value().get(), item.key());
}

const std::string* ModulePaths::find(const torch::nn::Module& module) const {
  const auto found = paths_.find(&module);
  return found == paths_.end() ? nullptr : &found->second;
}

}  // namespace torch_ext::detail

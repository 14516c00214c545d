#pragma once

#include <string>
#include <unordered_map>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext::detail {

/// The paths of a tree's modules by the module; keeps the modules alive, so that none is taken for another.
class ModulePaths {
 public:
  explicit ModulePaths(NamedModules modules);

  /// Null for a module that isn't among them.
  const std::string* find(const torch::nn::Module& module) const;

 private:
  NamedModules modules_;
  std::unordered_map<const torch::nn::Module*, std::string> paths_;
};

}  // namespace torch_ext::detail

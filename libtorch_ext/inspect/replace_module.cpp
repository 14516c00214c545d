#include "libtorch_ext/inspect/replace_module.h"

#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/nn/module_dict.h"
#include "libtorch_ext/nn/module_list.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

void replace_module(torch::nn::Module& root, const std::string& path, const Replacement& replacement) {
  TORCH_CHECK_VALUE(replacement.module, "replace_module: the module for \"", path, "\" is null");
  const Parent parent = parent_of(root, path);
  if (auto* sequential = dynamic_cast<SequentialImpl*>(parent.module.get())) {
    TORCH_CHECK_VALUE(replacement.callable, "replace_module: found a ", class_name(*replacement.module), " for \"",
                      path, "\", expected a module that maps a tensor to a tensor: its place is in a Sequential");
    return sequential->set(parent.name, *replacement.callable);
  }
  if (dynamic_cast<ModuleListImpl*>(parent.module.get()) || dynamic_cast<ModuleDictImpl*>(parent.module.get())) {
    parent.module->replace_module(parent.name, replacement.module);
    return;
  }
  torch::nn::Module& old = *get_submodule(root, path);
  TORCH_CHECK_VALUE(
      replacement.assign_to(old), "replace_module: found a ", class_name(*replacement.module), " for \"", path,
      "\", expected a ", class_name(old), " as there is: a ", class_name(*parent.module),
      " has a member of that class. Other classes can take a place in a tx::Sequential, ModuleList or ModuleDict only");
}

}  // namespace torch_ext

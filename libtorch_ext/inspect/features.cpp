#include "libtorch_ext/inspect/features.h"

#include <torch/nn/module.h>

#include <unordered_map>

#include "libtorch_ext/inspect/find.h"
#include "libtorch_ext/inspect/hooks.h"
#include "libtorch_ext/inspect/repr.h"

namespace torch_ext {

NamedTensors features(const TensorModule& model, const at::Tensor& input, const std::vector<std::string>& globs) {
  const torch::nn::Module& root = *model.ptr();
  NamedTensors found;
  std::unordered_map<std::string, int64_t> calls;
  std::vector<Observation> hooks;
  for (const std::string& glob : globs) {
    hooks.push_back(register_forward_hook(root, glob, [&](HookedCall& call) {
      const bool first = !found.contains(call.name);
      if (!first && found[call.name].is_same(call.outputs.at(0))) return;  // another glob's, of the same call
      const std::string name = first ? call.name : call.name + '_' + std::to_string(++calls[call.name]);
      if (!found.contains(name)) found.insert(name, call.outputs.at(0));
    }));
  }
  model.forward(input);

  for (const std::string& glob : globs) {
    const bool is_path = glob.find_first_of("*?[") == std::string::npos;
    TORCH_CHECK_VALUE(!is_path || found.contains(glob), "no call of module \"", glob, "\" (",
                      class_name(*get_submodule(root, glob)), ") was seen during the forward of ", class_name(root),
                      ": it isn't called, or it is a class of your own, which is seen within a tx::Sequential or if "
                      "its forward says tx::observed");
  }
  return found;
}

}  // namespace torch_ext

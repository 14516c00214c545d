#include "libtorch_ext/nn/module_ptr.h"

#include <unordered_map>

namespace torch_ext::detail {

void clone_children(torch::nn::Module& copy, const std::optional<torch::Device>& device) {
  std::unordered_map<const torch::nn::Module*, std::shared_ptr<torch::nn::Module>> clones;
  for (const auto& child : copy.named_children()) {
    auto& clone = clones[child.value().get()];
    if (!clone) clone = child.value()->clone(device);
    copy.replace_module(child.key(), clone);
  }
}

}  // namespace torch_ext::detail

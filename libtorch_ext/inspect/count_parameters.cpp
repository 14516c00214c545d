#include "libtorch_ext/inspect/count_parameters.h"

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {

int64_t count_parameters(const torch::nn::Module& module, CountOptions options) {
  int64_t count = 0;
  for (const auto& parameter : parameters(module)) {
    if (!options.trainable_only || parameter.requires_grad()) count += parameter.numel();
  }
  return count;
}

}  // namespace torch_ext

#pragma once

#include <cstdint>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

struct CountOptions {
  bool trainable_only = false;  ///< whether parameters that don't require gradients are left out
};

/// How many numbers the parameters of `module` are, a tied weight once.
///
///     tx::count_parameters(*tx::resnet18());   // 11689512
int64_t count_parameters(const torch::nn::Module& module, CountOptions options = {});

}  // namespace torch_ext

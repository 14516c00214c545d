#include "libtorch_ext/models/mobilenet_init.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext::detail {

void initialize_mobilenet(const torch::nn::Module& model) {
  for (const auto& module : torch_ext::modules(model)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut);
      if (conv->bias.defined()) torch::nn::init::zeros_(conv->bias);
    } else if (auto* linear = module->as<torch::nn::Linear>()) {
      torch::nn::init::normal_(linear->weight, 0, 0.01);
      torch::nn::init::zeros_(linear->bias);
    }
  }
}

}  // namespace torch_ext::detail

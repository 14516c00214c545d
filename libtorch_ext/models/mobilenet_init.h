#pragma once

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext::detail {

/// The initial weights of torchvision's MobileNets, in its order of random numbers.
void initialize_mobilenet(const torch::nn::Module& model);

}  // namespace torch_ext::detail

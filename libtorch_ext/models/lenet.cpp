#include "libtorch_ext/models/lenet.h"

#include <torch/torch.h>

#include "libtorch_ext/nn/max_pool_2x2.h"
#include "libtorch_ext/nn/observed.h"

namespace torch_ext {

LeNetImpl::LeNetImpl(const ModelOptions& options) : options_(options) { reset(); }

void LeNetImpl::reset() {
  conv1_ = register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(options_.in_channels, 6, 5).padding(2)));
  conv2_ = register_module("conv2", torch::nn::Conv2d(6, 16, 5));
  fc1_ = register_module("fc1", torch::nn::Linear(16 * 5 * 5, 120));
  fc2_ = register_module("fc2", torch::nn::Linear(120, 84));
  fc3_ = register_module("fc3", torch::nn::Linear(84, options_.num_classes));
}

torch::Tensor LeNetImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    // Pooling comes first: the same numbers, gradients included, as after ReLU, which is left a quarter of the work.
    torch::Tensor y = max_pool_2x2(conv1_(x)).relu();
    y = max_pool_2x2(conv2_(y)).relu().flatten(1);
    return fc3_(fc2_(fc1_(y).relu()).relu());
  };
  return observed(*this, run, x);
}

LeNet lenet(const ModelOptions& options) { return LeNet(options); }

}  // namespace torch_ext

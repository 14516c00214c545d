#include "libtorch_ext/train/untouched.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {

Untouched::Untouched(torch::nn::Module& module, c10::Device device)
    : module_(module), was_training_(module.is_training()), generators_{at::detail::getDefaultCPUGenerator()} {
  if (device.is_cuda()) generators_.push_back(at::globalContext().defaultGenerator(device));
  for (auto& generator : generators_) states_.push_back(generator.get_state());
  for (const auto& buffer : buffers(module)) buffers_.push_back(buffer.clone());
}

Untouched::~Untouched() {
  torch::NoGradGuard no_grad;
  for (const auto& parameter : parameters(module_)) parameter.mutable_grad().reset();
  size_t i = 0;
  for (const auto& buffer : buffers(module_)) buffer.copy_(buffers_[i++]);
  for (size_t g = 0; g < generators_.size(); ++g) generators_[g].set_state(states_[g]);
  module_.train(was_training_);
}

}  // namespace torch_ext

#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// Puts back, at its end, what a trial step changes: the module's buffers and mode, and the random numbers of the CPU
/// and of the device. Gradients are gone.
class Untouched {
 public:
  Untouched(torch::nn::Module& module, c10::Device device);
  ~Untouched();
  Untouched(const Untouched&) = delete;
  Untouched& operator=(const Untouched&) = delete;

 private:
  torch::nn::Module& module_;
  bool was_training_;
  std::vector<at::Generator> generators_;
  std::vector<at::Tensor> states_;
  std::vector<at::Tensor> buffers_;
};

}  // namespace torch_ext

#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// Keeps a copy of a module, on another device, in step with it: gradients of the copy go to the module.
class Replica {
 public:
  /// `copy`: a clone of the module.
  explicit Replica(std::shared_ptr<torch::nn::Module> copy);
  ~Replica();
  Replica(Replica&&) noexcept;
  Replica& operator=(Replica&&) noexcept;

  /// Before a forward: copies all parameters and buffers, and each layer's train mode. (Which of them changed since the
  /// last forward can't be told: LibTorch's optimizers and BatchNorm write past a tensor's version.)
  /// False where the module has other layers or shapes than the copy was made of: then a new copy is needed.
  bool refresh(const torch::nn::Module& module);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace torch_ext

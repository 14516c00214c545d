#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

#include "libtorch_ext/nn/observed.h"
#include "libtorch_ext/nn/observed_sequential.h"  // IWYU pragma: keep

namespace torch_ext {

/// A module class that can be called with one tensor and returns one tensor. Arguments with defaults and a templated
/// `forward` (as `torch::nn::Sequential` has) don't matter.
template <typename M>
concept MapsTensorToTensor = std::derived_from<M, torch::nn::Module> &&
    requires(M& module, const torch::Tensor& input) {
  { module.forward(input) } -> std::same_as<torch::Tensor>;
};

/// Any module that maps a tensor to a tensor, whatever its class: what a `Sequential` is made of.
///
/// Holds the module by shared pointer; copies share it. Made, without a cast, from a holder or from a `shared_ptr`
/// to the class itself; a `shared_ptr<torch::nn::Module>` doesn't know its `forward` and is refused by the compiler.
///
/// ```cpp
/// tx::TensorModule layer = torch::nn::Linear(2, 3);
/// layer.forward(torch::ones({5, 2}));  // [5, 3]
/// ```
class TensorModule {
 public:
  template <typename M>
  TensorModule(std::shared_ptr<M> module) : module_(std::move(module)) {
    static_assert(MapsTensorToTensor<M>, "this module's class has no `Tensor forward(Tensor)`");
    if constexpr (MapsTensorToTensor<M>) {
      forward_ = [](torch::nn::Module& module, const torch::Tensor& input) {
        return observed(
            module, [&](const torch::Tensor& input) { return static_cast<M&>(module).forward(input); }, input);
      };
    }
  }

  template <typename M>
  TensorModule(const torch::nn::ModuleHolder<M>& holder) : TensorModule(holder.ptr()) {}

  torch::Tensor forward(const torch::Tensor& input) const { return forward_(*module_, input); }

  /// The module itself; null where it was made from a null pointer.
  const std::shared_ptr<torch::nn::Module>& ptr() const { return module_; }

  /// A `TensorModule` of the module's own `clone`.
  TensorModule clone(const std::optional<torch::Device>& device = std::nullopt) const {
    TensorModule copy = *this;
    copy.module_ = module_->clone(device);
    return copy;
  }

 private:
  std::shared_ptr<torch::nn::Module> module_;
  torch::Tensor (*forward_)(torch::nn::Module&, const torch::Tensor&) = nullptr;
};

}  // namespace torch_ext

#pragma once

#include <torch/nn/pimpl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// What is put in a module's place; made from any holder or `shared_ptr` by `replace_module`.
struct Replacement {
  std::shared_ptr<torch::nn::Module> module;
  /// The module as an element of a `tx::Sequential`, where it maps a tensor to a tensor.
  std::optional<TensorModule> callable;
  /// Lets a module of the same class become the new one, in place; false for any other class.
  std::function<bool(torch::nn::Module& old)> assign_to;
};

/// Puts another module into the place of the one at `path`.
///
/// In a `tx::Sequential` the place takes any module that maps a tensor to a tensor, in a `tx::ModuleList` or
/// `tx::ModuleDict` any module. Elsewhere a class holds its modules
/// in members of its own, `fc`, that nobody else can set: there the old module, which has to be of the same class,
/// becomes the new one, options, parameters, children and all, and shares its tensors from then on. So `forward`
/// calls what was put in, in either case.
///
/// Make the optimizer afterwards: it would step the old parameters. Throws a `c10::ValueError` for a path that isn't
/// there, a null module, and another class where the same one is needed.
///
///     tx::replace_module(*resnet, "fc", torch::nn::Linear(512, 20));
///     tx::replace_module(*net, "features.2", torch::nn::GELU());   // in a Sequential
void replace_module(torch::nn::Module& root, const std::string& path, const Replacement& replacement);

template <typename Impl>
void replace_module(torch::nn::Module& root, const std::string& path, std::shared_ptr<Impl> module) {
  Replacement replacement{.module = module};
  if constexpr (MapsTensorToTensor<Impl>) {
    if (module) replacement.callable = TensorModule(module);
  }
  replacement.assign_to = [module](torch::nn::Module& old) {
    auto* same = dynamic_cast<Impl*>(&old);
    if (same && typeid(old) == typeid(*module)) *same = *module;
    return same && typeid(old) == typeid(*module);
  };
  replace_module(root, path, replacement);
}

template <typename Impl>
void replace_module(torch::nn::Module& root, const std::string& path, const torch::nn::ModuleHolder<Impl>& holder) {
  replace_module(root, path, holder.ptr());
}

}  // namespace torch_ext

#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>

namespace torch_ext {

/// Any module, made without a cast from a holder or a `shared_ptr`: what a `ModuleList` or `ModuleDict` is filled with.
class ModulePtr {
 public:
  template <std::derived_from<torch::nn::Module> M>
  ModulePtr(std::shared_ptr<M> module) : module_(std::move(module)) {}

  template <typename M>
  ModulePtr(const torch::nn::ModuleHolder<M>& holder) : module_(holder.ptr()) {}

  /// Null where it was made from a null pointer.
  const std::shared_ptr<torch::nn::Module>& get() const { return module_; }

 private:
  std::shared_ptr<torch::nn::Module> module_;
};

namespace detail {

/// The module as an `M`; a `c10::TypeError` that names its place otherwise.
template <typename M>
M& checked_cast(torch::nn::Module& module, const char* container, const std::string& place) {
  auto* cast = dynamic_cast<M*>(&module);
  TORCH_CHECK_TYPE(cast, container, ": module ", place, " is a ", c10::demangle(typeid(module).name()), ", expected a ",
                   c10::demangle(typeid(M).name()));
  return *cast;
}

/// Puts clones into the place of the children of `copy`, one for each that is there, however often it stands there:
/// what makes a copy of a container a deep one.
void clone_children(torch::nn::Module& copy, const std::optional<torch::Device>& device);

}  // namespace detail
}  // namespace torch_ext

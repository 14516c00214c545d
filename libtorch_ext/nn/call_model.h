#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// Calls the forward of a module holder or `TensorModule`: what a wrapper of any module does.
template <typename Model, typename... Arguments>
auto call_model(Model& model, Arguments&&... arguments) {
  if constexpr (std::is_same_v<Model, TensorModule>) {
    return model.forward(std::forward<Arguments>(arguments)...);
  } else {
    return model(std::forward<Arguments>(arguments)...);
  }
}

/// A copy of its own tensors on `device`. Throws where the module's class isn't `torch::nn::Cloneable`.
template <typename Model>
Model clone_model(const Model& model, torch::Device device) {
  if constexpr (std::is_same_v<Model, TensorModule>) {
    return model.clone(device);
  } else {
    using Impl = typename std::remove_reference_t<decltype(model.ptr())>::element_type;
    return Model(std::dynamic_pointer_cast<Impl>(model.ptr()->clone(device)));
  }
}

}  // namespace torch_ext

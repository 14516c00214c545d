#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "libtorch_ext/nn/call_observer.h"
#include "libtorch_ext/nn/observed_sequential.h"  // IWYU pragma: keep

/// Python's forward hooks, on models as they are: no base class, no change of their source.
namespace torch_ext {

/// What a hook is told of a call.
struct HookedCall {
  /// The module's path below the root that was given: `"layer1.0.conv1"`; `""` for the root itself.
  const std::string& name;
  torch::nn::Module& module;
  /// The tensors among the arguments, without undefined ones. A pre-hook may replace them.
  std::vector<at::Tensor>& inputs;
  /// The tensors of the result: of an LSTM the output, h_n and c_n. Empty in a pre-hook; a hook may replace them.
  std::vector<at::Tensor>& outputs;
};

using ForwardHook = std::function<void(HookedCall&)>;

/// Calls `hook` before (`_pre_`) or after each `forward` of the modules of `root` whose path matches `glob`, as long
/// as the handle lives: `"*"` are all of them, `root` itself, whose path is `""`, among them. The handle is Python's,
/// `end()` its `remove()`.
///
/// ```cpp
/// auto handle = tx::register_forward_hook(*model, "layer?", [](tx::HookedCall& call) {
///   std::cout << call.name << ' ' << call.outputs[0].sizes() << '\n';
/// });
/// model->forward(images);
/// ```
///
/// Which calls are seen: see `Observation`. A shared module has its first path. Throws a `c10::ValueError` where no
/// path matches, and where calls can't be seen at all a `c10::NotImplementedError` that says why.
[[nodiscard]] Observation register_forward_pre_hook(const torch::nn::Module& root, const std::string& glob,
                                                    ForwardHook hook);
[[nodiscard]] Observation register_forward_hook(const torch::nn::Module& root, const std::string& glob,
                                                ForwardHook hook);

}  // namespace torch_ext

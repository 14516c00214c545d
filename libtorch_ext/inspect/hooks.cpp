#include "libtorch_ext/inspect/hooks.h"

#include <torch/nn/module.h>

#include <utility>

#include "libtorch_ext/formats/glob.h"
#include "libtorch_ext/inspect/module_paths.h"
#include "libtorch_ext/inspect/repr.h"

namespace torch_ext {
namespace {

class HookObserver : public CallObserver {
 public:
  HookObserver(NamedModules modules, ForwardHook hook, bool pre)
      : paths_(std::move(modules)), hook_(std::move(hook)), pre_(pre) {}

  void before(torch::nn::Module& module, std::vector<at::Tensor>& inputs) override {
    if (!pre_) return;
    std::vector<at::Tensor> outputs;
    call(module, inputs, outputs);
  }

  void after(torch::nn::Module& module, const std::vector<at::Tensor>& inputs,
             std::vector<at::Tensor>& outputs) override {
    if (pre_) return;
    std::vector<at::Tensor> copies = inputs;
    call(module, copies, outputs);
  }

 private:
  void call(torch::nn::Module& module, std::vector<at::Tensor>& inputs, std::vector<at::Tensor>& outputs) {
    const std::string* name = paths_.find(module);
    if (!name) return;
    HookedCall hooked{*name, module, inputs, outputs};
    hook_(hooked);
  }

  detail::ModulePaths paths_;
  ForwardHook hook_;
  bool pre_;
};

Observation register_hook(const torch::nn::Module& root, const std::string& glob, ForwardHook hook, bool pre) {
  NamedModules modules;
  for (const auto& item : named_modules(root)) {
    if (formats::matches_glob(glob, item.key())) modules.insert(item.key(), item.value());
  }
  TORCH_CHECK_VALUE(!modules.is_empty(), "found no module of ", class_name(root), " whose path matches \"", glob,
                    "\" to hook");
  return Observation(std::make_shared<HookObserver>(std::move(modules), std::move(hook), pre));
}

}  // namespace

Observation register_forward_pre_hook(const torch::nn::Module& root, const std::string& glob, ForwardHook hook) {
  return register_hook(root, glob, std::move(hook), true);
}

Observation register_forward_hook(const torch::nn::Module& root, const std::string& glob, ForwardHook hook) {
  return register_hook(root, glob, std::move(hook), false);
}

}  // namespace torch_ext

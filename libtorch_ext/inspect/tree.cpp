#include "libtorch_ext/inspect/tree.h"

#include <torch/nn/module.h>

#include <unordered_set>
#include <utility>

namespace torch_ext {
namespace {

using torch::nn::Module;
using SharedModule = std::shared_ptr<Module>;

// A module that nobody owns by shared pointer is pointed to, not owned.
SharedModule pointer_to(const Module& module) {
  auto& shallow = const_cast<Module&>(module);
  auto owner = shallow.weak_from_this().lock();
  return owner ? owner : SharedModule(SharedModule(), &shallow);
}

std::string join(const std::string& path, const std::string& name) { return path.empty() ? name : path + '.' + name; }

void walk(const SharedModule& module, const std::string& path, WalkOptions options,
          std::unordered_set<const Module*>& seen, NamedModules& found) {
  if (options.remove_duplicate && !seen.insert(module.get()).second) return;
  found.insert(path, module);
  if (!options.recurse) return;
  for (const auto& child : module->named_children()) {
    if (child.value()) walk(child.value(), join(path, child.key()), options, seen, found);
  }
}

// `own` lists the tensors that a module holds itself, by name.
template <typename Own>
NamedTensors named_tensors(const Module& module, WalkOptions options, Own own) {
  NamedTensors found;
  std::unordered_set<const c10::TensorImpl*> seen;
  for (const auto& owner : named_modules(module, options)) {
    for (const auto& item : own(*owner.value())) {
      const auto& tensor = item.value();
      if (options.remove_duplicate && !seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
      found.insert(join(owner.key(), item.key()), tensor);
    }
  }
  return found;
}

// LibTorch leaves out undefined tensors: Python's None.
NamedTensors own_parameters(const Module& module) { return module.named_parameters(/*recurse=*/false); }
NamedTensors own_buffers(const Module& module) { return module.named_buffers(/*recurse=*/false); }

}  // namespace

NamedModules named_children(const Module& module) {
  NamedModules found;
  std::unordered_set<const Module*> seen;
  for (const auto& child : module.named_children()) {
    if (child.value() && seen.insert(child.value().get()).second) found.insert(child.key(), child.value());
  }
  return found;
}

std::vector<SharedModule> children(const Module& module) { return named_children(module).values(); }

NamedModules named_modules(const Module& module, WalkOptions options) {
  NamedModules found;
  std::unordered_set<const Module*> seen;
  walk(pointer_to(module), "", options, seen, found);
  return found;
}

std::vector<SharedModule> modules(const Module& module, WalkOptions options) {
  return named_modules(module, options).values();
}

NamedTensors named_parameters(const Module& module, WalkOptions options) {
  return named_tensors(module, options, own_parameters);
}

std::vector<at::Tensor> parameters(const Module& module, WalkOptions options) {
  return named_parameters(module, options).values();
}

NamedTensors named_buffers(const Module& module, WalkOptions options) {
  return named_tensors(module, options, own_buffers);
}

std::vector<at::Tensor> buffers(const Module& module, WalkOptions options) {
  return named_buffers(module, options).values();
}

std::vector<StateEntry> state_entries(const Module& module) {
  std::vector<StateEntry> entries;
  for (const auto& owner : named_modules(module, {.remove_duplicate = false})) {
    auto add = [&](const NamedTensors& tensors, bool is_buffer) {
      for (const auto& item : tensors) entries.push_back({join(owner.key(), item.key()), item.value(), is_buffer});
    };
    add(own_parameters(*owner.value()), false);
    add(own_buffers(*owner.value()), true);
  }
  return entries;
}

}  // namespace torch_ext

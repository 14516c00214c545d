#pragma once

#include <ATen/core/Tensor.h>
#include <torch/ordered_dict.h>

#include <memory>
#include <string>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

/// The tree below a module as Python shows it: same order, same names, and nothing twice.
///
/// LibTorch's member functions of these names count a shared module or a tied weight once for every name it has;
/// an optimizer made from `module.parameters()` then steps a tied weight twice. These free functions count by
/// identity, as Python's methods do (a module is the object, a parameter is the `TensorImpl`).
///
/// They take any module: of LibTorch or of the user, in a `shared_ptr` or on the stack, `*holder` or a plain
/// reference. As in LibTorch, const is shallow: a const module hands out its submodules and parameters for change.
/// Nothing here changes the module. The lists own what they name, except that a root that no `shared_ptr` owns (a
/// module on the stack) appears in `modules` as a pointer that doesn't own it.
///
/// ```cpp
/// auto shared = torch::nn::Linear(2, 2);
/// torch::nn::Sequential net(shared, torch::nn::ReLU(), shared);
/// tx::children(*net).size();    // 2; net->children().size() is 3
/// tx::parameters(*net).size();  // 2; net->parameters().size() is 4
/// for (auto& m : tx::modules(*net)) std::cout << tx::repr(*m) << '\n';
/// ```
namespace torch_ext {

/// What a walk visits.
struct WalkOptions {
  /// Whether the second and later names of the same module or tensor are left out. Turn it off to see all names.
  bool remove_duplicate = true;
  /// Whether to go below the module. Off: only what the module itself holds.
  bool recurse = true;
};

/// Modules by path, in the order of the walk.
using NamedModules = torch::OrderedDict<std::string, std::shared_ptr<torch::nn::Module>>;
/// Tensors by path, in the order of the walk.
using NamedTensors = torch::OrderedDict<std::string, at::Tensor>;

/// The modules one level below `module`, in the order of registration, each once.
std::vector<std::shared_ptr<torch::nn::Module>> children(const torch::nn::Module& module);

/// `children` by the name under which each was registered first.
NamedModules named_children(const torch::nn::Module& module);

/// `module` itself, then all modules below it, depth first, each once.
std::vector<std::shared_ptr<torch::nn::Module>> modules(const torch::nn::Module& module, WalkOptions options = {});

/// `modules` by their paths: `""` for `module` itself, then `"encoder"`, `"encoder.fc1"`, …
NamedModules named_modules(const torch::nn::Module& module, WalkOptions options = {});

/// The parameters of `module` and of all modules below it, each once: what an optimizer should be given.
std::vector<at::Tensor> parameters(const torch::nn::Module& module, WalkOptions options = {});

/// `parameters` by their paths: `"encoder.fc1.weight"`, …; a tied weight has the path that comes first.
NamedTensors named_parameters(const torch::nn::Module& module, WalkOptions options = {});

/// The buffers of `module` and of all modules below it, each once.
std::vector<at::Tensor> buffers(const torch::nn::Module& module, WalkOptions options = {});

/// `buffers` by their paths: `"bn1.running_mean"`, …
NamedTensors named_buffers(const torch::nn::Module& module, WalkOptions options = {});

/// One entry of a `state_dict`.
struct StateEntry {
  /// The path: `"encoder.fc1.weight"`.
  std::string name;
  /// The module's own tensor, not a copy; never undefined.
  at::Tensor tensor;
  /// Whether it is a buffer; else it is a parameter.
  bool is_buffer = false;
};

/// What `state_dict()` lists in Python, in its order: the parameters of a module, its buffers, then each child's
/// entries. Unlike the functions above, and like Python, it lists a shared tensor under **every** name that it has.
std::vector<StateEntry> state_entries(const torch::nn::Module& module);

}  // namespace torch_ext

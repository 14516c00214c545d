#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/inspect/tree.h"

/// What stands where in a module's tree: by path, by glob, by class. Paths are Python's, `"layer4.1.conv2"`; globs are
/// `fnmatch`'s, in which `*` stands for dots, too (`formats/glob.h`). All of it works on any module.
namespace torch_ext {

/// The module at `path`; `""` is `module` itself: Python's method of the same name. Throws a `c10::ValueError` that
/// says how far the path leads and which names there are.
///
///     tx::get_submodule(*model, "layer4.1.conv2")->as<torch::nn::Conv2d>()->weight
std::shared_ptr<torch::nn::Module> get_submodule(const torch::nn::Module& module, const std::string& path);

/// Where a module hangs: in which module, under which name.
struct Parent {
  std::shared_ptr<torch::nn::Module> module;
  std::string name;
};

/// Of the module at `path`, which isn't `""`. Throws as `get_submodule`.
///
///     tx::parent_of(*model, "layer4.1.conv2")   // the module "layer4.1", "conv2"
Parent parent_of(const torch::nn::Module& module, const std::string& path);

/// The modules below `module` whose path matches `glob`, in the tree's order, each once, by its first path. None is no
/// error.
///
///     tx::find(*resnet18, "layer4.*.conv?")   // layer4.0.conv1, layer4.0.conv2, layer4.1.conv1, layer4.1.conv2
NamedModules find(const torch::nn::Module& module, const std::string& glob);

/// The parameters whose path matches `glob`, each once, by its first path.
NamedTensors find_parameters(const torch::nn::Module& module, const std::string& glob);

/// All modules of class `Impl`, or of one derived from it, in the tree's order, `module` itself among them.
///
///     for (auto& conv : tx::modules_of<torch::nn::Conv2dImpl>(*model)) conv->options.stride();
template <typename Impl>
std::vector<std::shared_ptr<Impl>> modules_of(const torch::nn::Module& module) {
  std::vector<std::shared_ptr<Impl>> found;
  for (const auto& candidate : modules(module)) {
    if (auto match = std::dynamic_pointer_cast<Impl>(candidate)) found.push_back(std::move(match));
  }
  return found;
}

/// Takes the parameters whose path matches `glob` out of training, `requires_grad = false`, or puts them back. Returns
/// how many. Throws a `c10::ValueError` where the glob matches none: a model that trains what was meant to be frozen
/// would be noticed late.
///
///     tx::freeze(*model, "*");
///     tx::unfreeze(*model, "fc.*");
///     torch::optim::SGD optimizer(tx::trainable_parameters(*model), 0.01);
int64_t freeze(torch::nn::Module& module, const std::string& glob);
int64_t unfreeze(torch::nn::Module& module, const std::string& glob);

/// The parameters that are trained, each once.
std::vector<at::Tensor> trainable_parameters(const torch::nn::Module& module);

}  // namespace torch_ext

#include "libtorch_ext/inspect/find.h"

#include <torch/nn/module.h>

#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/formats/glob.h"

namespace torch_ext {
namespace {

template <typename Value>
torch::OrderedDict<std::string, Value> matching(const torch::OrderedDict<std::string, Value>& all,
                                                const std::string& glob) {
  torch::OrderedDict<std::string, Value> found;
  for (const auto& item : all) {
    if (formats::matches_glob(glob, item.key())) found.insert(item.key(), item.value());
  }
  return found;
}

std::string names_below(const torch::nn::Module& module, const std::string& wanted) {
  const std::vector<std::string> names = named_children(module).keys();
  return names.empty() ? "it has none below it" : "expected one of " + quoted_list(names) + did_you_mean(wanted, names);
}

int64_t set_requires_grad(torch::nn::Module& module, const std::string& glob, bool requires_grad, const char* who) {
  NamedTensors found = find_parameters(module, glob);
  TORCH_CHECK_VALUE(!found.is_empty(), who, ": no parameter matches \"", glob, "\"",
                    did_you_mean(glob, named_parameters(module).keys()));
  for (auto& item : found) item.value().set_requires_grad(requires_grad);
  return static_cast<int64_t>(found.size());
}

}  // namespace

std::shared_ptr<torch::nn::Module> get_submodule(const torch::nn::Module& module, const std::string& path) {
  std::shared_ptr<torch::nn::Module> here = modules(module, {.recurse = false}).front();
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    const auto children = here->named_children();
    const auto* child = children.find(name);
    TORCH_CHECK_VALUE(child && *child, "found no module \"", path, "\": \"", path.substr(0, begin ? begin - 1 : 0),
                      "\" has no \"", name, "\", ", names_below(*here, name));
    here = *child;
    begin = end + 1;
  }
  return here;
}

Parent parent_of(const torch::nn::Module& module, const std::string& path) {
  TORCH_CHECK_VALUE(!path.empty(), "parent_of: found the path \"\", expected one of a module below the root");
  get_submodule(module, path);
  const size_t dot = path.rfind('.');
  if (dot == path.npos) return {get_submodule(module, ""), path};
  return {get_submodule(module, path.substr(0, dot)), path.substr(dot + 1)};
}

NamedModules find(const torch::nn::Module& module, const std::string& glob) {
  NamedModules found = matching(named_modules(module), glob);
  if (found.contains("")) found.erase("");
  return found;
}

NamedTensors find_parameters(const torch::nn::Module& module, const std::string& glob) {
  return matching(named_parameters(module), glob);
}

int64_t freeze(torch::nn::Module& module, const std::string& glob) {
  return set_requires_grad(module, glob, false, "freeze");
}

int64_t unfreeze(torch::nn::Module& module, const std::string& glob) {
  return set_requires_grad(module, glob, true, "unfreeze");
}

std::vector<at::Tensor> trainable_parameters(const torch::nn::Module& module) {
  std::vector<at::Tensor> trainable;
  for (const at::Tensor& parameter : parameters(module)) {
    if (parameter.requires_grad()) trainable.push_back(parameter);
  }
  return trainable;
}

}  // namespace torch_ext

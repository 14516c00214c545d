#include "libtorch_ext/nn/module_dict.h"

#include <c10/util/StringUtil.h>

namespace torch_ext {

using torch::nn::Module;

ModuleDictImpl::ModuleDictImpl(std::initializer_list<std::pair<std::string, ModulePtr>> modules) { update(modules); }

void ModuleDictImpl::insert(const std::string& key, const ModulePtr& module) {
  TORCH_CHECK_VALUE(module.get(), "ModuleDict: module '", key, "' is null");
  if (contains(key)) {
    replace_module(key, module.get());
  } else {
    register_module(key, module.get());
  }
}

void ModuleDictImpl::update(const ModuleDictImpl& other) {
  for (const auto& item : other.items()) insert(item.key(), item.value());
}

void ModuleDictImpl::update(std::initializer_list<std::pair<std::string, ModulePtr>> modules) {
  for (const auto& [key, module] : modules) insert(key, module);
}

std::shared_ptr<Module> ModuleDictImpl::pop(const std::string& key) {
  auto module = (*this)[key];
  unregister_module(key);
  return module;
}

void ModuleDictImpl::clear() {
  for (const std::string& key : keys()) unregister_module(key);
}

std::shared_ptr<Module> ModuleDictImpl::operator[](const std::string& key) const {
  const auto modules = items();
  const auto* module = modules.find(key);
  TORCH_CHECK_INDEX(module, "ModuleDict: found no module '", key, "', expected one of: ", c10::Join(", ", keys()));
  return *module;
}

std::shared_ptr<Module> ModuleDictImpl::clone(const std::optional<torch::Device>& device) const {
  auto copy = std::make_shared<ModuleDictImpl>(*this);
  detail::clone_children(*copy, device);
  return copy;
}

}  // namespace torch_ext

#include "libtorch_ext/nn/module_list.h"

#include <algorithm>

namespace torch_ext {

using torch::nn::Module;

ModuleListImpl& ModuleListImpl::append(const ModulePtr& module) {
  TORCH_CHECK_VALUE(module.get(), "ModuleList: module ", size(), " is null");
  register_module(std::to_string(size()), module.get());
  return *this;
}

ModuleListImpl& ModuleListImpl::extend(const ModuleListImpl& other) {
  for (const auto& module : other.elements()) append(module);
  return *this;
}

ModuleListImpl& ModuleListImpl::insert(int64_t index, const ModulePtr& module) {
  TORCH_CHECK_VALUE(module.get(), "ModuleList: the module to insert is null");
  auto modules = elements();
  const auto count = static_cast<int64_t>(modules.size());
  TORCH_CHECK_INDEX(-count <= index && index <= count, "ModuleList: index ", index,
                    " is out of range for an insert among ", count, " modules");
  modules.insert(modules.begin() + (index < 0 ? index + count : index), module.get());
  rebuild(modules);
  return *this;
}

void ModuleListImpl::set(int64_t index, const ModulePtr& module) {
  TORCH_CHECK_VALUE(module.get(), "ModuleList: module ", index, " is null");
  replace_module(std::to_string(position(index)), module.get());
}

void ModuleListImpl::erase(int64_t index) { pop(index); }

std::shared_ptr<Module> ModuleListImpl::pop(int64_t index) {
  auto modules = elements();
  const auto place = modules.begin() + static_cast<int64_t>(position(index));
  auto module = *place;
  modules.erase(place);
  rebuild(modules);
  return module;
}

std::shared_ptr<ModuleListImpl> ModuleListImpl::slice(int64_t begin, int64_t end) const {
  const auto modules = elements();
  const auto count = static_cast<int64_t>(modules.size());
  const auto place = [count](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + count : index, 0, count);
  };
  auto part = std::make_shared<ModuleListImpl>();
  for (int64_t i = place(begin); i < place(end); ++i) part->append(modules[static_cast<size_t>(i)]);
  return part;
}

std::shared_ptr<Module> ModuleListImpl::operator[](int64_t index) const { return elements()[position(index)]; }

std::shared_ptr<Module> ModuleListImpl::clone(const std::optional<torch::Device>& device) const {
  auto copy = std::make_shared<ModuleListImpl>(*this);
  detail::clone_children(*copy, device);
  return copy;
}

size_t ModuleListImpl::position(int64_t index) const {
  const auto count = static_cast<int64_t>(size());
  TORCH_CHECK_INDEX(-count <= index && index < count, "ModuleList: index ", index, " is out of range for ", count,
                    " modules");
  return static_cast<size_t>(index < 0 ? index + count : index);
}

void ModuleListImpl::rebuild(const std::vector<std::shared_ptr<Module>>& modules) {
  for (const std::string& name : named_children().keys()) unregister_module(name);
  for (const auto& module : modules) append(module);
}

}  // namespace torch_ext

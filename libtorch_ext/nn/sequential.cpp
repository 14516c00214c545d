#include "libtorch_ext/nn/sequential.h"

#include <algorithm>
#include <unordered_map>

namespace torch_ext {

SequentialImpl::SequentialImpl(std::initializer_list<NamedTensorModule> modules) {
  for (const auto& [name, module] : modules) push_back(name, module);
}

torch::Tensor SequentialImpl::forward(const torch::Tensor& input) {
  const auto run = [this](const torch::Tensor& input) {
    auto output = input;
    for (const auto& module : modules_) output = module.forward(output);
    return output;
  };
  return observed(*this, run, input);
}

void SequentialImpl::push_back(TensorModule module) { push_back(std::to_string(size()), std::move(module)); }

void SequentialImpl::push_back(std::string name, TensorModule module) {
  TORCH_CHECK_VALUE(module.ptr(), "Sequential: module '", name, "' is null");
  register_module(std::move(name), module.ptr());
  modules_.push_back(std::move(module));
}

SequentialImpl& SequentialImpl::append(TensorModule module) {
  push_back(std::move(module));
  return *this;
}

SequentialImpl& SequentialImpl::extend(const SequentialImpl& other) {
  const std::vector<TensorModule> added = other.modules_;  // `other` may be this one
  for (const auto& module : added) push_back(module);
  return *this;
}

SequentialImpl& SequentialImpl::insert(int64_t index, TensorModule module) {
  TORCH_CHECK_VALUE(module.ptr(), "Sequential: the module to insert is null");
  const auto count = static_cast<int64_t>(size());
  TORCH_CHECK_INDEX(-count <= index && index <= count, "Sequential: index ", index,
                    " is out of range for an insert among ", count, " modules");
  std::vector<TensorModule> modules = modules_;
  modules.insert(modules.begin() + (index < 0 ? index + count : index), std::move(module));
  rebuild(std::move(modules));
  return *this;
}

void SequentialImpl::set(int64_t index, TensorModule module) { set(names()[position(index)], std::move(module)); }

void SequentialImpl::set(const std::string& name, TensorModule module) {
  TORCH_CHECK_VALUE(module.ptr(), "Sequential: module '", name, "' is null");
  const std::vector<std::string> all = names();
  const auto place = std::ranges::find(all, name);
  TORCH_CHECK_VALUE(place != all.end(), "Sequential: found no module '", name, "'");
  replace_module(name, module.ptr());
  modules_[static_cast<size_t>(place - all.begin())] = std::move(module);
}

void SequentialImpl::erase(int64_t index) {
  std::vector<TensorModule> modules = modules_;
  modules.erase(modules.begin() + static_cast<int64_t>(position(index)));
  rebuild(std::move(modules));
}

std::shared_ptr<SequentialImpl> SequentialImpl::slice(int64_t begin, int64_t end) const {
  const auto count = static_cast<int64_t>(size());
  const auto place = [count](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + count : index, 0, count);
  };
  const std::vector<std::string> all = names();
  auto part = std::make_shared<SequentialImpl>();
  for (int64_t i = place(begin); i < place(end); ++i) {
    part->push_back(all[static_cast<size_t>(i)], modules_[static_cast<size_t>(i)]);
  }
  return part;
}

size_t SequentialImpl::position(int64_t index) const {
  const auto count = static_cast<int64_t>(size());
  TORCH_CHECK_INDEX(-count <= index && index < count, "Sequential: index ", index, " is out of range for ", count,
                    " modules");
  return static_cast<size_t>(index < 0 ? index + count : index);
}

void SequentialImpl::rebuild(std::vector<TensorModule> modules) {
  for (const std::string& name : names()) unregister_module(name);
  modules_.clear();
  for (auto& module : modules) push_back(std::move(module));
}

std::shared_ptr<torch::nn::Module> SequentialImpl::operator[](int64_t index) const {
  return modules_[position(index)].ptr();
}

std::shared_ptr<torch::nn::Module> SequentialImpl::operator[](const std::string& name) const {
  return named_children()[name];
}

std::shared_ptr<torch::nn::Module> SequentialImpl::clone(const std::optional<torch::Device>& device) const {
  auto copy = std::make_shared<SequentialImpl>(*this);
  copy->clone_modules(device);
  return copy;
}

void SequentialImpl::clone_modules(const std::optional<torch::Device>& device) {
  const auto all = names();
  std::unordered_map<const torch::nn::Module*, TensorModule> clones;
  for (size_t i = 0; i < size(); ++i) {
    const torch::nn::Module* original = modules_[i].ptr().get();
    if (!clones.contains(original)) clones.emplace(original, modules_[i].clone(device));
    modules_[i] = clones.at(original);
    replace_module(all[i], modules_[i].ptr());
  }
}

}  // namespace torch_ext

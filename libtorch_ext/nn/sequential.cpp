#include "libtorch_ext/nn/sequential.h"

#include <unordered_map>

namespace torch_ext {

SequentialImpl::SequentialImpl(std::initializer_list<NamedTensorModule> modules) {
  for (const auto& [name, module] : modules) push_back(name, module);
}

torch::Tensor SequentialImpl::forward(const torch::Tensor& input) {
  auto output = input;
  for (const auto& module : modules_) output = module.forward(output);
  return output;
}

void SequentialImpl::push_back(TensorModule module) { push_back(std::to_string(size()), std::move(module)); }

void SequentialImpl::push_back(std::string name, TensorModule module) {
  TORCH_CHECK_VALUE(module.ptr(), "Sequential: module '", name, "' is null");
  register_module(std::move(name), module.ptr());
  modules_.push_back(std::move(module));
}

std::shared_ptr<torch::nn::Module> SequentialImpl::operator[](int64_t index) const {
  const auto count = static_cast<int64_t>(size());
  TORCH_CHECK_INDEX(-count <= index && index < count, "Sequential: index ", index, " is out of range for ", count,
                    " modules");
  return modules_[index < 0 ? index + count : index].ptr();
}

std::shared_ptr<torch::nn::Module> SequentialImpl::operator[](const std::string& name) const {
  return named_children()[name];
}

std::shared_ptr<torch::nn::Module> SequentialImpl::clone(const std::optional<torch::Device>& device) const {
  auto copy = std::make_shared<SequentialImpl>(*this);
  const auto names = named_children().keys();
  std::unordered_map<const torch::nn::Module*, TensorModule> clones;
  for (size_t i = 0; i < size(); ++i) {
    const auto& module = modules_[i];
    if (!clones.contains(module.ptr().get())) clones.emplace(module.ptr().get(), module.clone(device));
    copy->modules_[i] = clones.at(module.ptr().get());
    copy->replace_module(names[i], copy->modules_[i].ptr());
  }
  return copy;
}

}  // namespace torch_ext

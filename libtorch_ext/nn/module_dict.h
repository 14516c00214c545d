#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/nn/module_ptr.h"

namespace torch_ext {

/// The module behind the holder `ModuleDict`; see there.
class ModuleDictImpl : public torch::nn::Module {
 public:
  ModuleDictImpl() = default;
  explicit ModuleDictImpl(std::initializer_list<std::pair<std::string, ModulePtr>> modules);

  /// Python's `dict[key] = module`: at the end, or in the place of the module of that name. Throws a `c10::Error` where
  /// the key is empty or has a dot, and a `c10::ValueError` for a null module.
  void insert(const std::string& key, const ModulePtr& module);
  /// Python's methods of these names. A key that isn't there throws a `c10::IndexError` that lists those that are.
  void update(const ModuleDictImpl& other);
  void update(std::initializer_list<std::pair<std::string, ModulePtr>> modules);
  /// Takes the module out and returns it.
  std::shared_ptr<torch::nn::Module> pop(const std::string& key);
  /// Python's `del dict[key]`.
  void erase(const std::string& key) { pop(key); }
  void clear();

  bool contains(const std::string& key) const { return named_children().contains(key); }
  std::vector<std::string> keys() const { return named_children().keys(); }
  std::vector<std::shared_ptr<torch::nn::Module>> values() const { return children(); }
  /// The modules under their names, in the order in which they came.
  torch::OrderedDict<std::string, std::shared_ptr<torch::nn::Module>> items() const { return named_children(); }
  size_t size() const { return children().size(); }
  bool empty() const { return size() == 0; }

  std::shared_ptr<torch::nn::Module> operator[](const std::string& key) const;
  /// The module of that name as what it is: `dict->at<torch::nn::LinearImpl>("fc").forward(x)`. Throws a
  /// `c10::TypeError` where it is something else.
  template <std::derived_from<torch::nn::Module> M>
  M& at(const std::string& key) const {
    return detail::checked_cast<M>(*(*this)[key], "ModuleDict", key);
  }

  /// A deep copy; a module that stands here twice is copied once and stands there twice.
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;
  void pretty_print(std::ostream& stream) const override { stream << "torch_ext::ModuleDict"; }
};

/// Modules by name, called by their owner: Python's `nn.ModuleDict`, with all of its methods. What is taken out of it
/// is out of `parameters()`, too; LibTorch's own keeps it there.
///
/// ```cpp
/// tx::ModuleDict heads({{"boxes", torch::nn::Linear(8, 4)}, {"classes", torch::nn::Linear(8, 21)}});
/// heads->at<torch::nn::LinearImpl>("boxes").forward(x);
/// heads->insert("masks", torch::nn::Conv2d(8, 21, 1));
/// heads->pop("boxes");
/// ```
class ModuleDict : public torch::nn::ModuleHolder<ModuleDictImpl> {
 public:
  using torch::nn::ModuleHolder<ModuleDictImpl>::ModuleHolder;
  ModuleDict() = default;
  ModuleDict(std::initializer_list<std::pair<std::string, ModulePtr>> modules)
      : ModuleHolder(std::make_shared<ModuleDictImpl>(modules)) {}
};

}  // namespace torch_ext

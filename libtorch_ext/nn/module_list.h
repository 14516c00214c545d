#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "libtorch_ext/nn/module_ptr.h"

namespace torch_ext {

/// The module behind the holder `ModuleList`; see there.
class ModuleListImpl : public torch::nn::Module {
 public:
  ModuleListImpl() = default;

  /// Registers the modules as "0", "1", …
  template <std::convertible_to<ModulePtr>... Modules>
  explicit ModuleListImpl(Modules&&... modules) {
    (append(std::forward<Modules>(modules)), ...);
  }

  /// Python's methods of these names. An index may be negative: it counts from the end then. One that is out of range
  /// throws a `c10::IndexError`, a null module a `c10::ValueError`; the list stays as it was.
  ModuleListImpl& append(const ModulePtr& module);
  /// Appends the modules of `other`, which has them, too, from then on.
  ModuleListImpl& extend(const ModuleListImpl& other);
  /// Puts a module in front of the one at `index`, or at the end (`index == size()`).
  ModuleListImpl& insert(int64_t index, const ModulePtr& module);
  /// Python's `list[index] = module`.
  void set(int64_t index, const ModulePtr& module);
  /// Python's `del list[index]`: the modules behind it move up, and so do their names.
  void erase(int64_t index);
  /// Takes the module at `index` out and returns it.
  std::shared_ptr<torch::nn::Module> pop(int64_t index = -1);
  /// Python's `list[begin:end]`: a list of those modules, the same ones, named from "0". What lies beyond the list's
  /// ends is left out.
  std::shared_ptr<ModuleListImpl> slice(int64_t begin, int64_t end) const;

  /// The modules in their order, each as often as it stands there.
  std::vector<std::shared_ptr<torch::nn::Module>> elements() const { return children(); }
  size_t size() const { return children().size(); }
  bool empty() const { return size() == 0; }

  std::shared_ptr<torch::nn::Module> operator[](int64_t index) const;
  /// The module at `index` as what it is: `list->at<torch::nn::LinearImpl>(0).forward(x)`. Throws a `c10::TypeError`
  /// where it is something else.
  template <std::derived_from<torch::nn::Module> M>
  M& at(int64_t index) const {
    return detail::checked_cast<M>(*(*this)[index], "ModuleList", std::to_string(index));
  }

  /// A deep copy; a module that stands here twice is copied once and stands there twice.
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;
  void pretty_print(std::ostream& stream) const override { stream << "torch_ext::ModuleList"; }

 private:
  size_t position(int64_t index) const;
  void rebuild(const std::vector<std::shared_ptr<torch::nn::Module>>& modules);
};

/// Modules in a list, called by its owner: Python's `nn.ModuleList`, with all of its methods. LibTorch's own can't give
/// a module back or be sliced.
///
/// Holds modules of any classes, lists and dicts among them. Names in a `state_dict` are Python's: "0.weight".
///
/// ```cpp
/// tx::ModuleList layers;
/// for (int i = 0; i < 6; ++i) layers->append(torch::nn::Linear(8, 8));
/// for (size_t i = 0; i < layers->size(); ++i) x = layers->at<torch::nn::LinearImpl>(i).forward(x);
/// layers->pop();                                    // without the last
/// std::cout << tx::repr(*layers->slice(0, 2));      // ModuleList(\n  (0-1): 2 x Linear(…)\n)
/// ```
TORCH_MODULE(ModuleList);

}  // namespace torch_ext

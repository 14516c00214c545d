#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// A module under a name: an element of `Sequential({{"fc", …}, {"act", …}})`.
using NamedTensorModule = std::pair<std::string, TensorModule>;

/// The module behind the holder `Sequential`; see there.
class SequentialImpl : public torch::nn::Cloneable<SequentialImpl> {
 public:
  SequentialImpl() = default;

  /// Registers the modules as "0", "1", …
  template <std::convertible_to<TensorModule>... Modules>
  explicit SequentialImpl(Modules&&... modules) {
    (push_back(std::forward<Modules>(modules)), ...);
  }

  /// Registers each module under its name.
  explicit SequentialImpl(std::initializer_list<NamedTensorModule> modules);

  /// The last module's output, each having been given the output of the one before; without modules, `input`.
  torch::Tensor forward(const torch::Tensor& input);

  /// Adds a module at the end, named by its index, or as told. Throws where the name is taken, empty or has a dot.
  void push_back(TensorModule module);
  void push_back(std::string name, TensorModule module);

  /// Python's methods of these names. `append` returns the Sequential, for the next one.
  SequentialImpl& append(TensorModule module);
  /// Appends the modules of `other`, which has them, too, from then on.
  SequentialImpl& extend(const SequentialImpl& other);
  /// Puts a module in front of the one at `index`, or at the end (`index == size()`); a negative index counts from the
  /// end. All modules are named by their index then, as in Python. Throws a `c10::IndexError`.
  SequentialImpl& insert(int64_t index, TensorModule module);
  /// Puts another module into the place of the one at `index`, or of that name, under the same name: Python's
  /// `net[index] = module`.
  void set(int64_t index, TensorModule module);
  void set(const std::string& name, TensorModule module);
  /// Takes the module at `index` out: Python's `del net[index]`. The others are named by their index then,
  /// as in Python.
  void erase(int64_t index);
  /// A Sequential of the modules [begin, end), the same ones under the same names; negative numbers count from the end,
  /// and what lies beyond it is left out: Python's `net[begin:end]`. The first k children: `slice(0, k)`.
  std::shared_ptr<SequentialImpl> slice(int64_t begin, int64_t end) const;

  /// The modules in their order, each as often as it stands there.
  const std::vector<TensorModule>& elements() const { return modules_; }
  size_t size() const { return modules_.size(); }

  /// The module at `index`; a negative one counts from the end, as in Python. Throws a `c10::IndexError`.
  std::shared_ptr<torch::nn::Module> operator[](int64_t index) const;
  /// The module of this name. Throws a `c10::Error` where there is none.
  std::shared_ptr<torch::nn::Module> operator[](const std::string& name) const;

  /// A deep copy: names and modes are kept, and a module that stands here twice is copied once and stands there twice.
  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override;

  void reset() override {}
  void pretty_print(std::ostream& stream) const override { stream << "torch_ext::Sequential"; }

 protected:
  /// Puts clones into the place of the modules: what makes a copy a deep one.
  void clone_modules(const std::optional<torch::Device>& device);

 private:
  size_t position(int64_t index) const;
  std::vector<std::string> names() const { return named_children().keys(); }
  void rebuild(std::vector<TensorModule> modules);

  std::vector<TensorModule> modules_;
};

/// The base of a class of one's own that is a `Sequential` and keeps its class when it is cloned:
///
///     struct NormActivationImpl : tx::SequentialBase<NormActivationImpl> { … };
template <typename Derived>
class SequentialBase : public SequentialImpl {
 public:
  using SequentialImpl::SequentialImpl;

  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override {
    auto copy = std::make_shared<Derived>(static_cast<const Derived&>(*this));
    static_cast<SequentialBase&>(*copy).clone_modules(device);
    return copy;
  }
};

/// Modules in a row, like `torch::nn::Sequential`, but with a `Tensor forward(const Tensor&)`: it stands in another
/// `Sequential`, of this kind or LibTorch's, where LibTorch's own doesn't compile.
///
/// Takes holders and `shared_ptr`s of any module that maps a tensor to a tensor, `torch::nn::Sequential` among them;
/// the compiler refuses others. Names in a `state_dict` are Python's: "0.weight", "2.1.bias".
///
/// ```cpp
/// tx::Sequential net(torch::nn::Linear(2, 2), torch::nn::ReLU(), tx::Sequential(torch::nn::Sigmoid()));
/// tx::Sequential named({{"fc", torch::nn::Linear(2, 2)}, {"act", torch::nn::ReLU()}});
/// net->forward(torch::ones({4, 2}));  // [4, 2]
/// named["fc"]->as<torch::nn::Linear>()->weight;
/// net->insert(1, torch::nn::Dropout(0.5));
/// net->slice(0, 2)->forward(torch::ones({4, 2}));  // the first two
/// ```
///
/// C++ reads `Sequential(Sequential(…))` as the inner one alone; for a lone `Sequential` inside another, name it:
/// `Sequential({{"0", inner}})`.
class Sequential : public torch::nn::ModuleHolder<SequentialImpl> {
 public:
  using torch::nn::ModuleHolder<SequentialImpl>::ModuleHolder;
  Sequential() = default;
  Sequential(std::initializer_list<NamedTensorModule> modules)
      : ModuleHolder(std::make_shared<SequentialImpl>(modules)) {}
};

}  // namespace torch_ext

#pragma once

#include <torch/nn/pimpl.h>

#include <memory>
#include <optional>
#include <string>
#include <typeindex>
#include <utility>

#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/repr.h"

namespace torch_ext {

/// What every `PrintedAsImpl` is.
class PrintedAs : public ClassName, public ExtraRepr {
 public:
  /// The class that it would be if it didn't print other words.
  virtual std::type_index layer_class() const = 0;
};

/// A module that prints other words between its parentheses, and is an `Impl` in all else; see `printed_as`.
template <typename Impl>
class PrintedAsImpl : public Impl, public PrintedAs {
 public:
  /// Shares the tensors and children of `module`.
  PrintedAsImpl(const Impl& module, std::string extra)
      : Impl(module), class_name_(torch_ext::class_name(module)), extra_(std::move(extra)) {}

  std::string class_name() const override { return class_name_; }
  std::string extra_repr() const override { return extra_; }
  std::type_index layer_class() const override { return typeid(Impl); }

  std::shared_ptr<torch::nn::Module> clone(const std::optional<torch::Device>& device = std::nullopt) const override {
    return std::make_shared<PrintedAsImpl>(*std::dynamic_pointer_cast<Impl>(Impl::clone(device)), extra_);
  }

 private:
  std::string class_name_, extra_;
};

/// The same layer, printed in its author's words: Python remembers whether a window was given as `3` or `(3, 3)`,
/// LibTorch's options don't. `build_module` uses it for what a file says.
///
/// ```cpp
/// std::cout << tx::repr(*tx::printed_as(torch::nn::AdaptiveAvgPool2d(1), "output_size=1"));
/// // AdaptiveAvgPool2d(output_size=1)
/// ```
template <typename Impl>
std::shared_ptr<Impl> printed_as(const torch::nn::ModuleHolder<Impl>& layer, std::string extra_repr) {
  return std::make_shared<PrintedAsImpl<Impl>>(*layer, std::move(extra_repr));
}

}  // namespace torch_ext

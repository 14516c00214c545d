#pragma once

#include <string>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// A module class derives from this, too, to fill the parentheses of its `repr`: Python's method of the same name.
///
/// ```cpp
/// struct ScaleImpl : torch::nn::Cloneable<ScaleImpl>, tx::ExtraRepr {
///   std::string extra_repr() const override { return "factor=2"; }  // Scale(factor=2)
///   …
/// };
/// ```
class ExtraRepr {
 public:
  virtual ~ExtraRepr() = default;
  /// One line, or several separated by `\n`; empty for none.
  virtual std::string extra_repr() const = 0;
};

/// A module class derives from this, too, to be printed under another name than its own in C++: that of a class in
/// Python, say, that C++ can't spell.
class ClassName {
 public:
  virtual ~ClassName() = default;
  virtual std::string class_name() const = 0;
};

/// What stands between the parentheses of `repr(module)` before the children, as Python's `module.extra_repr()`:
/// `"in_features=2, out_features=2, bias=True"`. From `ExtraRepr` where the module derives from it, else from the
/// options of the LibTorch class that it is or derives from; empty for other classes.
std::string extra_repr(const torch::nn::Module& module);

}  // namespace torch_ext

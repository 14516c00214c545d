#pragma once

#include <string>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// The text that Python's `print(module)` shows, byte for byte, without a newline at the end.
///
/// Every class of `torch::nn` prints as its Python namesake. A class of the user's prints under its own name, without
/// namespaces and without the ending `Impl` (`my::NetImpl` is `Net`); what it inherits from a LibTorch class stands
/// between its parentheses, too, and a class that derives from `ExtraRepr` (extra_repr.h) says there what it likes.
///
/// What Python remembers of the caller's words and LibTorch's options don't is printed in its usual form:
/// - a size with equal sides as one number (`MaxPool2d(kernel_size=3, …)`, never `(3, 3)`), but the output size of an
///   adaptive pooling as a tuple (`output_size=(1, 1)`, as torchvision's models have it);
/// - a whole `Threshold`, `ConstantPad` value or `LPPool` norm without a fraction (`value=0`, never `0.0`);
/// - the stride of an `LPPool` that equals its kernel as `None`.
///
/// ```cpp
/// std::cout << tx::repr(*torch::nn::Sequential(torch::nn::Linear(2, 2), torch::nn::ReLU()));
/// // Sequential(
/// //   (0): Linear(in_features=2, out_features=2, bias=True)
/// //   (1): ReLU()
/// // )
/// ```
std::string repr(const torch::nn::Module& module);

/// The module's class as Python names it, what `repr` begins with: `"Linear"`.
std::string class_name(const torch::nn::Module& module);

}  // namespace torch_ext

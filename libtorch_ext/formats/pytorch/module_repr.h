#pragma once

#include <string>

#include "libtorch_ext/formats/pytorch/python_module.h"

namespace torch_ext::formats {

/// What Python's `print(model)` shows for a pickled model, byte for byte, without a newline at the end.
///
/// Knows the classes of torch.nn. Another class, whose `extra_repr` is code that the file doesn't hold, is printed by
/// its name and its children. Attributes that the version of PyTorch that wrote the file didn't have yet are printed
/// with the value they mean today.
///
/// `file` is named in errors. Throws `FormatError` where `value` is no module, modules contain themselves, or shared
/// ones multiply beyond measure.
///
///     module_repr(read_tensor_file("whole.pt").root, "whole.pt");
///     // Sequential(
///     //   (0): Linear(in_features=2, out_features=2, bias=True)
///     //   (1): ReLU()
///     // )
std::string module_repr(const Value& value, const std::string& file);

/// Python's `module.extra_repr()`: what stands between the parentheses before the children.
/// One line, or several separated by `\n`; empty for classes that aren't torch.nn's.
std::string module_extra_repr(const PythonModule& module);

}  // namespace torch_ext::formats

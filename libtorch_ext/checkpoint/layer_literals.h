#pragma once

#include <string>

#include "libtorch_ext/formats/pytorch/python_module.h"

namespace torch_ext::detail {

/// `extra` ("kernel_size=3, stride=2"), each number and tuple of numbers in it as the pickled module has it under that
/// name: `kernel_size=(3, 3)`. LibTorch's options don't tell the two apart, Python's attributes do.
std::string with_literals(const std::string& extra, const formats::PythonModule& python);

}  // namespace torch_ext::detail

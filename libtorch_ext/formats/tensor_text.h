#pragma once

#include <string>

#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// What Python's `print(tensor)` prints for the tensor on the CPU, with its default print options: 4 digits, lines of
/// 80 columns, 3 items at each edge of dimensions of more than 6 where the tensor has more than 1000 elements.
/// Source: torch/_tensor_str.py.
///
///     tensor([[0.1000, 0.2000],
///             [0.3000, 0.4000]], dtype=torch.float16)
std::string tensor_text(const Tensor& tensor);

}  // namespace torch_ext::formats

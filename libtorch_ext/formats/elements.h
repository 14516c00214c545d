#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "libtorch_ext/formats/dtype.h"

/// The elements of tensors as numbers of C++.
namespace torch_ext::formats {

bool is_floating_point(DType dtype);

/// Numbers an element consists of: 2 for complex dtypes, else 1.
inline size_t parts(DType dtype) { return is_complex(dtype) ? 2 : 1; }

/// The elements in `bytes` as doubles, `parts(dtype)` each; quantized and sub-byte dtypes by the integers or bytes that
/// store them. Integers beyond 2^53 are rounded. `out` has room for all.
void to_doubles(std::span<const std::byte> bytes, DType dtype, std::span<double> out);

/// The reverse, rounded as PyTorch's `tensor.to(dtype)` rounds on the CPU (to the nearest, ties to even).
void from_doubles(std::span<const double> numbers, DType dtype, std::span<std::byte> out);

/// The same numbers as another dtype: what `tensor.to(dtype)` would hold, for floating-point and complex dtypes.
std::vector<std::byte> convert_elements(std::span<const std::byte> bytes, DType from, DType to);

}  // namespace torch_ext::formats

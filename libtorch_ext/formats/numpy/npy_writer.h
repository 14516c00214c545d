#pragma once

#include <string>

#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// Writes the array that `numpy.load` reads: the bytes of `numpy.save`, version 1.0, in C order. Takes the dtypes that
/// `read_npy` does. Throws `FormatError` for others, which NumPy lacks (bfloat16 above all); the old file stays as it
/// was until the new one is complete.
void write_npy(const Tensor& tensor, const std::string& path);

}  // namespace torch_ext::formats

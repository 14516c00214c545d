#pragma once

#include <optional>
#include <string_view>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// The array that a pickled NumPy object is: what `_reconstruct(numpy.ndarray, …)` is once it has received its state,
/// and what `scalar(dtype, bytes)` and `_frombuffer(buffer, dtype, shape, order)` return, from `numpy.core` or
/// `numpy._core`. The tensor has elements of its own, in this machine's byte order, and remembers by its attributes
/// that it was NumPy's (`numpy_function`), so that it is written as such.
///
/// Nothing for other objects, classes derived from ndarray but memmap, and dtypes that PyTorch lacks: text, dates,
/// structures, objects. Throws `std::invalid_argument` where the bytes aren't as many as the shape takes.
std::optional<Tensor> rebuild_numpy(const Object& object);

/// The function that a tensor of `rebuild_numpy` was made by, `_reconstruct` or `scalar` with its module; null for any
/// other tensor.
const Global* numpy_function(const Tensor& tensor);

/// NumPy's word for the dtype, "f4"; nothing for those that it lacks.
std::optional<std::string_view> numpy_dtype(DType dtype);

}  // namespace torch_ext::formats

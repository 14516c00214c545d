#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// Reads an array that `numpy.save` wrote: a view of the mapped file, whose pages are read when they are touched.
/// Big-endian numbers are swapped at their first use; Fortran order becomes strides.
///
/// Takes the dtypes that PyTorch has, in every spelling that `numpy.dtype` takes: bool, int8 to int64, uint8 to uint64,
/// float16 to float64, complex64 and complex128. Throws `FormatError` for others (objects above all, which are pickled
/// and could run code), for a header that isn't exactly one, where the file ends before the array does, and where
/// something follows it: then nothing is passed over unread.
///
/// Format: "\x93NUMPY", the version (1.0, 2.0 or 3.0), the header's length (16 bits, from 2.0 on 32 bits), the header:
/// a Python dictionary with the keys 'descr', 'fortran_order' and 'shape'; the elements.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
///
///     read_npy("x.npy").shape   // {3, 4}
Tensor read_npy(const std::string& path);

/// All arrays of a file to which `numpy.save` wrote several, one behind another, as as many calls of `numpy.load` on
/// the open file give them. At least one.
std::vector<Tensor> read_npy_arrays(const std::string& path);

/// The same for the content of a file, `name` in errors.
Tensor parse_npy(const std::shared_ptr<const Storage>& content, const std::string& name);
std::vector<Tensor> parse_npy_arrays(const std::shared_ptr<const Storage>& content, const std::string& name);

}  // namespace torch_ext::formats

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libtorch_ext/formats/dtype.h"

namespace torch_ext::formats {

/// What an .npy file says about its array.
struct NpyHeader {
  DType dtype = DType::Float;
  bool big_endian = false;
  bool fortran_order = false;  ///< the first index varies fastest
  std::vector<int64_t> shape;
};

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: these three keys in any order, each once, with
/// white space as in Python. The dtype may be spelt as for `numpy.dtype`: '<f4', '=f4', 'f4', 'f', 'float32', 'single'.
/// Throws `FormatError`, naming `file`, for anything else and for dtypes that PyTorch doesn't have.
NpyHeader parse_npy_header(std::string_view text, const std::string& file);

}  // namespace torch_ext::formats

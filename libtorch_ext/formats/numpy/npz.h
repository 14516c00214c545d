#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/tensor.h"

namespace torch_ext::formats {

/// The arrays of a file that `numpy.savez` or `savez_compressed` wrote, by name, in the file's order. What is stored is
/// a view of the mapped file; what is deflated is unpacked here, to know its header.
///
/// Format: a zip archive whose records "NAME.npy" are .npy files; records of other names are none. Throws `FormatError`
/// for a damaged archive or array, and where a record's CRC-32 is wrong: then,
/// or at the first use of the array.
std::vector<std::pair<std::string, Tensor>> read_npz(const std::string& path);

}  // namespace torch_ext::formats

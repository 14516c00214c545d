#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace torch_ext {

/// A file of CIFAR's version for Python.
struct CifarPickle {
  std::vector<std::byte> pixels;  ///< [N, 3, 32, 32]
  std::vector<int64_t> labels;    ///< [N]
};

/// Reads a pickled dictionary that has an array of bytes, [N, 3072], under "data" and a list of whole numbers under
/// `labels`: nothing of it is executed. Throws `DataError` that names `path` for anything else.
CifarPickle read_cifar_pickle(const std::string& path, const std::string& labels);

}  // namespace torch_ext

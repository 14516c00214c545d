#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace torch_ext::formats {

/// An array of unsigned bytes as MNIST and its relatives store them.
struct IdxArray {
  std::vector<int64_t> shape;   ///< [N] for labels, [N, H, W] for images
  std::vector<std::byte> data;  ///< the elements, row-major
};

/// Reads an IDX file of unsigned bytes, plain or gzip. Throws `FormatError` when the magic number, the element
/// type or the number of bytes is not what IDX promises; the message says both numbers.
///
/// Format: two zero bytes, the element type (0x08: unsigned byte), the number of dimensions, each dimension as a
/// big-endian 32-bit number, the elements. Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
IdxArray read_idx(const std::string& path);

}  // namespace torch_ext::formats

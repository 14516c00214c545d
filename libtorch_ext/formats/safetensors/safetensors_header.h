#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/dtype.h"

namespace torch_ext::formats {

/// The JSON header of a safetensors file.
struct SafetensorsHeader {
  struct Entry {
    std::string name;
    DType dtype;
    std::vector<int64_t> shape;  ///< PyTorch's: of packed dtypes, the file counts elements, PyTorch bytes
    uint64_t begin;              ///< bytes, from the end of the header on
    uint64_t end;
  };
  std::vector<Entry> tensors;  ///< in the order of the header
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// The most bytes that a header may take.
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;

/// Reads the header of a file with `data_size` bytes of data. Throws `std::invalid_argument` unless the tensors fill
/// the data without holes and overlaps, each with as many bytes as its shape and dtype take, and no name comes twice.
SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_size);

/// The header as it is written, without the padding. Throws `std::invalid_argument` for a dtype that the format lacks.
std::string safetensors_header_text(const SafetensorsHeader& header);

}  // namespace torch_ext::formats

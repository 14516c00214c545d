#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "libtorch_ext/formats/tensor.h"

namespace ckpt {

/// "[64, 3, 7, 7]"
std::string shape_text(const std::vector<int64_t>& shape);
/// "float32 [64, 3, 7, 7]"
std::string tensor_type(const torch_ext::formats::Tensor& tensor);
/// "44.7 MiB"
std::string bytes_text(uint64_t bytes);
/// "11,689,512"
std::string count_text(uint64_t count);
/// "1 tensor", "2 tensors"
std::string plural(uint64_t count, const std::string& thing);

/// The CRC-32 of the elements in row-major, little-endian order, in hexadecimal. Keeps no page of the file in memory.
std::string digest(const torch_ext::formats::Tensor& tensor);

/// One line of JSON, valid also where a name is no UTF-8.
void print_json(const nlohmann::ordered_json& document, std::ostream& out);

}  // namespace ckpt

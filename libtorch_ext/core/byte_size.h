#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace torch_ext {

/// The bytes that a user's word for a size means: "500MB", "2 GiB", "1.5g", "10Gi", "1000". Units are decimal, or
/// binary with an i, of either case, to the tera; without one it is bytes. Nothing for any other text, a negative
/// number, or one beyond an int64.
std::optional<int64_t> parse_byte_size(std::string_view text);

}  // namespace torch_ext

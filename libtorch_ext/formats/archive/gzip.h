#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace torch_ext::formats {

/// Reads a whole file, unpacked if it is gzip (its first bytes are 1f 8b, whatever its name), through libdeflate.
/// Throws `FormatError` for a missing, truncated or damaged file (gzip carries a CRC-32, which is checked).
std::vector<std::byte> read_maybe_gzip(const std::string& path);

}  // namespace torch_ext::formats

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace torch_ext::formats {

/// The CRC-32 of zip, gzip and PNG. `crc` is that of the bytes before, so that pieces can follow one another.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc = 0);

}  // namespace torch_ext::formats

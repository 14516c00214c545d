#include "libtorch_ext/formats/archive/crc32.h"

#include <libdeflate.h>

namespace torch_ext::formats {

uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc) {
  return libdeflate_crc32(crc, bytes.data(), bytes.size());
}

}  // namespace torch_ext::formats

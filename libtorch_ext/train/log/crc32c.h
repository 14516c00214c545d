#pragma once

#include <cstdint>
#include <string_view>

namespace torch_ext::detail {

/// CRC-32C (Castagnoli), RFC 3720 appendix B.4; by the processor's own instruction where it has one (SSE 4.2).
uint32_t crc32c(std::string_view bytes);

/// The same by tables, for every processor.
uint32_t crc32c_by_table(std::string_view bytes);

}  // namespace torch_ext::detail

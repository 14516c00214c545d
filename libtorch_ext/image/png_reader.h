#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libtorch_ext/image/decode.h"

namespace torch_ext {

/// The size of a PNG, from its header.
ImageInfo read_png_info(std::span<const std::byte> bytes, const std::string& name);

/// The pixels of a PNG, [height, width, 3], in `rgb`, whose memory is used again; through libspng.
///
/// As PIL's `convert("RGB")`: alpha is dropped, of 16-bit samples the upper half counts, but a grey image of 16 bits
/// without alpha is cut off at 255. Throws `formats::FormatError` for more than `max_pixels`, more than so many bytes
/// can hold, truncated or damaged data (checksums are checked).
ImageInfo decode_png(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                     std::vector<uint8_t>& rgb);

}  // namespace torch_ext

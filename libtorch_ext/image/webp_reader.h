#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libtorch_ext/image/decode.h"

namespace torch_ext {

/// The size of a WebP, from its header. Throws `formats::FormatError` for an animation.
ImageInfo read_webp_info(std::span<const std::byte> bytes, const std::string& name);

/// The pixels of a WebP, [height, width, 3], in `rgb`, whose memory is used again; through libwebp. Alpha is dropped.
/// Throws `formats::FormatError` for more than `max_pixels`, an animation, truncated or damaged data.
ImageInfo decode_webp(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                      std::vector<uint8_t>& rgb);

}  // namespace torch_ext

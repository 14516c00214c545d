#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libtorch_ext/image/image.h"

namespace torch_ext {

/// A PNG of 8 bits, through libspng, that every reader gives the same pixels of. `image.channels`: 1 (grey), 2 (grey
/// with alpha), 3 (RGB) or 4 (RGBA). Throws `std::invalid_argument` for another number, no pixels, or `pixels` of
/// another size.
///
///     std::vector<std::byte> png = encode_png({.height = 28, .width = 28, .channels = 1, .pixels = pixels});
std::vector<std::byte> encode_png(const Image& image);

}  // namespace torch_ext

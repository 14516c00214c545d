#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "libtorch_ext/image/decode.h"

namespace torch_ext {

/// The format that the first bytes tell. Throws `formats::FormatError` where it is none that can be read.
ImageFormat image_format(std::span<const std::byte> bytes, const std::string& name);

}  // namespace torch_ext

#pragma once

#include <cstdint>
#include <string>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/image/decode.h"

namespace torch_ext {

/// Throws `formats::FormatError` for an image without pixels or with more than `max_pixels`.
inline void check_pixels(const ImageInfo& info, int64_t max_pixels, const std::string& name) {
  const auto found = [&] {
    return std::string("found a ") + to_string(info.format) + " of " + std::to_string(info.height) + "x" +
           std::to_string(info.width) + " pixels";
  };
  if (info.height <= 0 || info.width <= 0) throw formats::FormatError(name, found() + ", expected at least one");
  if (info.height > max_pixels / info.width) {
    throw formats::FormatError(
        name, found() + ", expected at most " + std::to_string(max_pixels) + " in all (DecodeOptions::max_pixels)");
  }
}

}  // namespace torch_ext

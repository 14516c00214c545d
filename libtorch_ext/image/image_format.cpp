#include "libtorch_ext/image/image_format.h"

#include <algorithm>
#include <string_view>

#include "libtorch_ext/formats/error.h"

namespace torch_ext {

const char* to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
  }
  return "image";
}

ImageFormat image_format(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 12));
  if (start.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (start.starts_with("\x89PNG\r\n\x1a\n")) return ImageFormat::kPng;
  if (start.starts_with("RIFF") && start.ends_with("WEBP") && start.size() == 12) return ImageFormat::kWebp;
  if (bytes.empty()) throw formats::FormatError(name, "is empty, an image is expected");
  throw formats::FormatError(name, "found no image that can be read, expected a JPEG, PNG or WebP; convert it to one");
}

}  // namespace torch_ext

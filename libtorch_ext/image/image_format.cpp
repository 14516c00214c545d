#include "libtorch_ext/image/image_format.h"

#include <algorithm>
#include <string_view>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/stand_in.h"

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

namespace {

// What an image that can't be read is, as far as that is easily told.
std::string foreign_kind(std::string_view start) {
  using namespace std::string_view_literals;
  const std::string_view box = start.substr(std::min<size_t>(start.size(), 4));
  if (start.starts_with("GIF8")) return "a GIF";
  if (start.starts_with("BM")) return "a BMP";
  if (start.starts_with("II*\0"sv) || start.starts_with("MM\0*"sv)) return "a TIFF";
  if (box.starts_with("ftypavif")) return "an AVIF";
  if (box.starts_with("ftyphei") || box.starts_with("ftypmif1")) return "a HEIC";
  if (start.size() > 2 && start[0] == 'P' && '1' <= start[1] && start[1] <= '7' && start[2] <= ' ') return "a PNM";
  return "no image that can be read";
}

}  // namespace

ImageFormat image_format(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 12));
  if (start.starts_with("\xff\xd8\xff")) return ImageFormat::kJpeg;
  if (start.starts_with("\x89PNG\r\n\x1a\n")) return ImageFormat::kPng;
  if (start.starts_with("RIFF") && start.ends_with("WEBP") && start.size() == 12) return ImageFormat::kWebp;
  if (bytes.empty()) throw formats::FormatError(name, "is empty, an image is expected");
  const std::string instead = formats::stand_in({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!instead.empty()) throw formats::FormatError(name, instead);
  throw formats::FormatError(name,
                             "found " + foreign_kind(start) + ", expected a JPEG, PNG or WebP; convert it to one");
}

}  // namespace torch_ext

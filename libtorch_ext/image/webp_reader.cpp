#include "libtorch_ext/image/webp_reader.h"

#include <webp/decode.h>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/image/check_pixels.h"

namespace torch_ext {
namespace {

const uint8_t* data(std::span<const std::byte> bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

[[noreturn]] void fail(const std::string& name, const std::string& problem) {
  throw formats::FormatError(name, "is a damaged or truncated WebP: " + problem + "; replace the file or leave it out");
}

}  // namespace

ImageInfo read_webp_info(std::span<const std::byte> bytes, const std::string& name) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data(bytes), bytes.size(), &features) != VP8_STATUS_OK) fail(name, "its header can't be read");
  if (features.has_animation) {
    throw formats::FormatError(name, "is an animated WebP, a still image is expected");
  }
  return {ImageFormat::kWebp, features.height, features.width};
}

ImageInfo decode_webp(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                      std::vector<uint8_t>& rgb) {
  const ImageInfo info = read_webp_info(bytes, name);
  check_pixels(info, max_pixels, name);
  // libwebp itself doesn't miss the last bytes of a lossy image.
  const size_t promised = size_t{formats::load_little<uint32_t>(bytes.data() + 4)} + 8;
  if (promised > bytes.size()) {
    fail(name, "found " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(promised));
  }
  const auto stride = static_cast<size_t>(info.width) * 3;
  rgb.resize(static_cast<size_t>(info.height) * stride);
  if (!WebPDecodeRGBInto(data(bytes), bytes.size(), rgb.data(), rgb.size(), static_cast<int>(stride))) {
    fail(name, "its pixels can't be read");
  }
  return info;
}

}  // namespace torch_ext

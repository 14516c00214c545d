#include "libtorch_ext/image/png_reader.h"

#include <algorithm>
#include <memory>
#include <new>
#include <spng.h>

#include "libtorch_ext/formats/archive/inflate.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/image/check_pixels.h"

namespace torch_ext {
namespace {

constexpr size_t kMaxChunk = size_t{64} * 1024 * 1024;  // text and colour profiles, unpacked

class Png {
 public:
  Png(std::span<const std::byte> bytes, const std::string& name)
      : size_(bytes.size()), name_(name), context_(spng_ctx_new(0), spng_ctx_free) {
    if (!context_) throw std::bad_alloc();
    check(spng_set_chunk_limits(context_.get(), kMaxChunk, kMaxChunk));
    check(spng_set_png_buffer(context_.get(), bytes.data(), bytes.size()));
    check(spng_get_ihdr(context_.get(), &header_));
  }

  ImageInfo info() const { return {ImageFormat::kPng, header_.height, header_.width, is_grey() ? 1 : 3}; }
  bool is_grey16() const { return header_.bit_depth == 16 && header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE; }

  // Deflate packs at most about a thousand bytes into one.
  void check_backed() const {
    const size_t bytes = size_t{header_.width} * header_.height / 8 * header_.bit_depth;
    if (bytes / formats::kMaxDeflateRatio <= size_) return;
    throw formats::FormatError(name_, "is a damaged or truncated PNG: " + std::to_string(size_) +
                                          " bytes can't hold its " + std::to_string(header_.height) + "x" +
                                          std::to_string(header_.width) + " pixels");
  }

  void decode(void* pixels, size_t size, spng_format format) {
    check(spng_decode_image(context_.get(), pixels, size, format, 0));
  }

 private:
  bool is_grey() const {
    return header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE || header_.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
  }
  void check(int error) const {
    if (error == 0) return;
    throw formats::FormatError(name_, std::string("is a damaged or truncated PNG: ") + spng_strerror(error) +
                                          "; replace the file or leave it out");
  }

  size_t size_;
  const std::string& name_;
  std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context_;
  spng_ihdr header_{};
};

}  // namespace

ImageInfo read_png_info(std::span<const std::byte> bytes, const std::string& name) { return Png(bytes, name).info(); }

ImageInfo decode_png(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                     std::vector<uint8_t>& rgb) {
  Png png(bytes, name);
  const ImageInfo info = png.info();
  check_pixels(info, max_pixels, name);
  png.check_backed();
  const auto pixels = static_cast<size_t>(info.height * info.width);
  rgb.resize(pixels * 3);
  if (!png.is_grey16()) {
    png.decode(rgb.data(), rgb.size(), SPNG_FMT_RGB8);
    return info;
  }
  std::vector<uint16_t> grey(pixels);
  png.decode(grey.data(), pixels * 2, SPNG_FMT_PNG);
  for (size_t i = 0; i < pixels; ++i) {
    std::fill_n(&rgb[3 * i], 3, static_cast<uint8_t>(std::min<uint16_t>(grey[i], 255)));
  }
  return info;
}

}  // namespace torch_ext

#include "libtorch_ext/image/encode.h"

#include <cstdlib>
#include <memory>
#include <new>
#include <spng.h>
#include <stdexcept>
#include <string>

namespace torch_ext {
namespace {

constexpr uint8_t kColorTypes[] = {SPNG_COLOR_TYPE_GRAYSCALE, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA,
                                   SPNG_COLOR_TYPE_TRUECOLOR, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};

void check_encodable(const Image& image) {
  constexpr int64_t kMaxSide = INT32_MAX;
  const auto shape =
      std::to_string(image.height) + "x" + std::to_string(image.width) + "x" + std::to_string(image.channels);
  if (image.channels < 1 || image.channels > 4 || image.height < 1 || image.width < 1 || image.height > kMaxSide ||
      image.width > kMaxSide) {
    throw std::invalid_argument("encode_png: found an image of " + shape + ", expected [height, width, 1 to 4]");
  }
  if (image.pixels.size() != static_cast<size_t>(image.height) * static_cast<size_t>(image.width * image.channels)) {
    throw std::invalid_argument("encode_png: found " + std::to_string(image.pixels.size()) + " bytes for an image of " +
                                shape + ", expected a byte for each number");
  }
}

void check_spng(int error) {
  if (error == SPNG_EMEM) throw std::bad_alloc();
  if (error != 0) throw std::runtime_error(std::string("encode_png: ") + spng_strerror(error));
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image) {
  check_encodable(image);
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  if (!context) throw std::bad_alloc();
  check_spng(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  spng_ihdr header{};
  header.height = static_cast<uint32_t>(image.height);
  header.width = static_cast<uint32_t>(image.width);
  header.bit_depth = 8;
  header.color_type = kColorTypes[image.channels - 1];
  check_spng(spng_set_ihdr(context.get(), &header));
  check_spng(
      spng_encode_image(context.get(), image.pixels.data(), image.pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE));
  size_t size = 0;
  int error = 0;
  const std::unique_ptr<void, void (*)(void*)> buffer(spng_get_png_buffer(context.get(), &size, &error), std::free);
  check_spng(error);
  const auto* bytes = static_cast<const std::byte*>(buffer.get());
  return {bytes, bytes + size};
}

}  // namespace torch_ext

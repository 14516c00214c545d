#include "libtorch_ext/image/decode.h"

#include <cstring>

#include "libtorch_ext/formats/file/mapped_file.h"
#include "libtorch_ext/image/image_format.h"
#include "libtorch_ext/image/jpeg_reader.h"
#include "libtorch_ext/image/png_reader.h"
#include "libtorch_ext/image/row_kernels.h"
#include "libtorch_ext/image/webp_reader.h"

namespace torch_ext {
namespace {

ImageInfo decode_jpeg(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels,
                      std::vector<uint8_t>& rgb) {
  JpegReader reader;
  const ImageInfo info = reader.open(bytes, name, max_pixels);
  const auto stride = static_cast<size_t>(info.width) * 3;
  rgb.resize(static_cast<size_t>(info.height) * stride);
  reader.start({0, 0, info.height, info.width});
  for (size_t row = 0; row < static_cast<size_t>(info.height); ++row) {
    std::memcpy(rgb.data() + row * stride, reader.next_row(), stride);
  }
  reader.finish();
  return info;
}

void to_gray(Image& image) {
  const size_t pixels = image.pixels.size() / 3;
  row_kernels::gray_of_rgb(image.pixels.data(), static_cast<int64_t>(pixels), image.pixels.data());
  image.pixels.resize(pixels);
  image.channels = 1;
}

}  // namespace

ImageInfo read_image_info(std::span<const std::byte> bytes, const std::string& name) {
  switch (image_format(bytes, name)) {
    case ImageFormat::kJpeg:
      return JpegReader().open(bytes, name, INT64_MAX);
    case ImageFormat::kPng:
      return read_png_info(bytes, name);
    case ImageFormat::kWebp:
      return read_webp_info(bytes, name);
  }
  return {};
}

ImageInfo read_image_info(const std::string& path) {
  const auto file = formats::MappedFile::open(path);
  return read_image_info(file->bytes(), path);
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name, const DecodeOptions& options) {
  Image image;
  ImageInfo info;
  switch (image_format(bytes, name)) {
    case ImageFormat::kJpeg:
      info = decode_jpeg(bytes, name, options.max_pixels, image.pixels);
      break;
    case ImageFormat::kPng:
      info = decode_png(bytes, name, options.max_pixels, image.pixels);
      break;
    case ImageFormat::kWebp:
      info = decode_webp(bytes, name, options.max_pixels, image.pixels);
      break;
  }
  image.height = info.height;
  image.width = info.width;
  image.channels = 3;
  if (options.mode == ColorMode::kGray) to_gray(image);
  return image;
}

}  // namespace torch_ext

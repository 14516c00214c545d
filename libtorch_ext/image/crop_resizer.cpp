#include "libtorch_ext/image/crop_resizer.h"

#include <stdexcept>

#include "libtorch_ext/image/check_pixels.h"
#include "libtorch_ext/image/image_format.h"
#include "libtorch_ext/image/png_reader.h"
#include "libtorch_ext/image/row_kernels.h"
#include "libtorch_ext/image/webp_reader.h"

namespace torch_ext {
namespace {

void check_inside(const Box& box, int64_t height, int64_t width, const char* what) {
  if (box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 && box.top <= height - box.height &&
      box.left <= width - box.width) {
    return;
  }
  throw std::invalid_argument("CropResizer: found a " + std::string(what) + " of " + std::to_string(box.height) + "x" +
                              std::to_string(box.width) + " at (" + std::to_string(box.top) + ", " +
                              std::to_string(box.left) + "), expected one in " + std::to_string(height) + "x" +
                              std::to_string(width) + " pixels");
}

int64_t decode_scale(const CropResize& options) {
  for (const int64_t scale : {8, 4, 2}) {
    if (options.crop.height >= scale * options.height && options.crop.width >= scale * options.width) return scale;
  }
  return 1;
}

AxisResize axis(int64_t begin, int64_t size, int64_t scale, int64_t out_size, int64_t out_first, int64_t out_count) {
  const auto divisor = static_cast<double>(scale);
  return {static_cast<double>(begin) / divisor, static_cast<double>(size) / divisor, out_size, out_first, out_count};
}

}  // namespace

ImageInfo CropResizer::open(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  bytes_ = bytes;
  name_ = name;
  max_pixels_ = max_pixels;
  switch (image_format(bytes, name)) {
    case ImageFormat::kJpeg:
      return info_ = jpeg_.open(bytes, name, max_pixels);
    case ImageFormat::kPng:
      info_ = read_png_info(bytes, name);
      break;
    case ImageFormat::kWebp:
      info_ = read_webp_info(bytes, name);
      break;
  }
  check_pixels(info_, max_pixels, name);
  return info_;
}

void CropResizer::run(const CropResize& options, float* out) {
  const Box& crop = options.crop;
  const Box window = options.window.height == 0 ? Box{0, 0, options.height, options.width} : options.window;
  check_inside(crop, info_.height, info_.width, "crop");
  check_inside(window, options.height, options.width, "window");

  const bool is_jpeg = info_.format == ImageFormat::kJpeg;
  const int64_t scale = is_jpeg && options.scaled_decode ? decode_scale(options) : 1;
  const Box box = resizer_.start(axis(crop.top, crop.height, scale, options.height, window.top, window.height),
                                 axis(crop.left, crop.width, scale, options.width, window.left, window.width),
                                 channels_of(options.mode), options.flip);
  float factor[3];
  float shift[3];
  for (size_t c = 0; c < 3; ++c) {
    factor[c] = 1 / (255 * options.std[c]);
    shift[c] = -options.mean[c] / options.std[c];
  }
  made_ = 0;
  if (is_jpeg) {
    jpeg_.start(box, scale);
  } else {
    (info_.format == ImageFormat::kPng ? decode_png : decode_webp)(bytes_, name_, max_pixels_, pixels_);
  }
  for (int64_t row = 0; row < box.height; ++row) {
    resizer_.push(source_row(box, row, options.mode));
    emit(factor, shift, window, options.mode, out);
  }
}

const uint8_t* CropResizer::source_row(const Box& box, int64_t row, ColorMode mode) {
  const bool is_jpeg = info_.format == ImageFormat::kJpeg;
  const uint8_t* rgb = is_jpeg ? jpeg_.next_row() : pixels_.data() + ((box.top + row) * info_.width + box.left) * 3;
  if (mode == ColorMode::kRgb) return rgb;
  gray_.resize(static_cast<size_t>(box.width));
  row_kernels::gray_of_rgb(rgb, box.width, gray_.data());
  return gray_.data();
}

void CropResizer::emit(const float* scale, const float* shift, const Box& window, ColorMode mode, float* out) {
  while (const float* pixels = resizer_.next()) {
    float* const first = out + made_ * window.width;
    if (mode == ColorMode::kGray) {
      row_kernels::scale_plane(pixels, window.width, scale[0], shift[0], first);
    } else {
      float* const planes[3] = {first, first + window.height * window.width, first + 2 * window.height * window.width};
      row_kernels::split_planes(pixels, window.width, scale, shift, planes);
    }
    ++made_;
  }
}

}  // namespace torch_ext

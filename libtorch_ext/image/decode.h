#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libtorch_ext/image/image.h"

namespace torch_ext {

/// What an image file holds, told by its first bytes, whatever its name.
enum class ImageFormat {
  kJpeg,  ///< ITU T.81, baseline, progressive or arithmetic: grey, YCbCr, RGB, CMYK, YCCK; 8 bits
  kPng,   ///< ISO 15948: palette, grey, RGB, with or without alpha; 1 to 16 bits; interlaced too
  kWebp,  ///< lossy and lossless; not animated
};

/// "JPEG", "PNG", "WebP".
const char* to_string(ImageFormat format);

/// What an image's header says.
struct ImageInfo {
  ImageFormat format = ImageFormat::kJpeg;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 3;  ///< 1: grey, 3: colours, which a palette, CMYK and every WebP are, too; alpha doesn't count
};

/// The colours that come out, whatever the file has.
enum class ColorMode {
  kGray,  ///< one channel: PIL's `convert("L")`, (0.299 R + 0.587 G + 0.114 B)
  kRgb,   ///< three channels: PIL's `convert("RGB")`; alpha is dropped
};

/// 1 or 3.
constexpr int64_t channels_of(ColorMode mode) { return mode == ColorMode::kGray ? 1 : 3; }

struct DecodeOptions {
  ColorMode mode = ColorMode::kRgb;
  /// An image of more pixels is an error: a file of a few bytes can promise any size. The default is what PIL takes.
  int64_t max_pixels = 178'956'970;
};

/// The format, size and channels of an image, from its header alone. `name` is the file's, for messages.
///
/// Throws `formats::FormatError` for bytes of another kind or a damaged header.
ImageInfo read_image_info(std::span<const std::byte> bytes, const std::string& name);

/// The same of a file, of which the header's pages alone are read. Throws, too, for one that can't be opened.
///
///     read_image_info("cat.jpg").channels  // 3
ImageInfo read_image_info(const std::string& path);

/// The pixels of an image: those that PIL gives, to the bit for PNG, and for JPEG and lossy WebP where both use the
/// same version of the codec. An orientation that a camera has noted is ignored, as by PIL.
///
/// Throws `formats::FormatError` that names the file for bytes of another kind, an image of more than
/// `options.max_pixels` or larger than its bytes can hold, and for truncated or damaged data: never half an image.
///
///     auto file = formats::MappedFile::open("cat.jpg");
///     Image image = decode_image(file->bytes(), file->path());  // image.height, image.width, 3
Image decode_image(std::span<const std::byte> bytes, const std::string& name, const DecodeOptions& options = {});

}  // namespace torch_ext

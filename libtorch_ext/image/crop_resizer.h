#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libtorch_ext/image/decode.h"
#include "libtorch_ext/image/jpeg_reader.h"
#include "libtorch_ext/image/row_resizer.h"

namespace torch_ext {

/// What becomes of an image on its way into a batch.
struct CropResize {
  Box crop;            ///< the part that is resized; it must lie in the image
  int64_t height = 0;  ///< the size that it gets
  int64_t width = 0;
  /// The part of the resized image that is made, as a centre crop takes it; a height of 0: all.
  Box window;
  bool flip = false;  ///< left becomes right, at the end
  ColorMode mode = ColorMode::kRgb;
  /// The result is ((level / 255) - mean) / std: torchvision's `ToTensor` and `Normalize`. Of one channel the first
  /// counts.
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
  /// Decode a JPEG at 1/2, 1/4 or 1/8 where the crop is at least that much larger than the result: much faster for
  /// photographs as cameras take them, at a difference of a few grey levels. Otherwise the result is within one grey
  /// level of decoding, cropping and resizing in PIL.
  bool scaled_decode = false;
};

/// From an image file's bytes to numbers for a network in one pass: only the part of a JPEG that is needed is decoded,
/// row by row, and each row is resized, flipped and normalised while it is in the cache.
///
/// Keeps its memory from one image to the next, so that a steady run allocates nothing but what the codecs do inside:
/// hold one per thread. After an error it takes the next image as if nothing had happened.
///
///     thread_local CropResizer resizer;
///     const ImageInfo info = resizer.open(bytes, "cat.jpg");
///     resizer.run({.crop = choose(info.height, info.width), .height = 224, .width = 224}, out);
class CropResizer {
 public:
  /// Reads the header. `bytes` must stay until `run` is done. Throws `formats::FormatError`, as `decode_image`.
  ImageInfo open(std::span<const std::byte> bytes, const std::string& name,
                 int64_t max_pixels = DecodeOptions{}.max_pixels);

  /// Writes [3, window.height, window.width], or [1, …] with `ColorMode::kGray`, to `out`. Once for each `open`. Throws
  /// `formats::FormatError` for truncated or damaged data, of a JPEG down to the last row that is needed; what it has
  /// written by then means nothing. Throws `std::invalid_argument` for boxes that don't lie where they must.
  void run(const CropResize& options, float* out);

 private:
  const uint8_t* source_row(const Box& box, int64_t row, ColorMode mode);
  void emit(const float* scale, const float* shift, const Box& window, ColorMode mode, float* out);

  ImageInfo info_;
  std::span<const std::byte> bytes_;
  std::string name_;
  int64_t max_pixels_ = 0;
  int64_t made_ = 0;
  JpegReader jpeg_;
  std::vector<uint8_t> pixels_;
  std::vector<uint8_t> gray_;
  RowResizer resizer_;
};

}  // namespace torch_ext

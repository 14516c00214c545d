#include "libtorch_ext/image/resize.h"

#include <stdexcept>
#include <string>

#include "libtorch_ext/image/row_kernels.h"
#include "libtorch_ext/image/row_resizer.h"

namespace torch_ext {

Image resize(const Image& image, int64_t height, int64_t width) {
  if (image.height < 1 || image.width < 1 || height < 1 || width < 1 || (image.channels != 1 && image.channels != 3)) {
    throw std::invalid_argument("resize: found an image of [" + std::to_string(image.height) + ", " +
                                std::to_string(image.width) + ", " + std::to_string(image.channels) + "] to become " +
                                std::to_string(height) + "x" + std::to_string(width) +
                                ", expected sides of at least 1 and 1 or 3 channels");
  }
  Image out{height, width, image.channels, {}};
  out.pixels.resize(static_cast<size_t>(height * width * image.channels));
  RowResizer resizer;
  resizer.start({0, static_cast<double>(image.height), height, 0, height},
                {0, static_cast<double>(image.width), width, 0, width}, image.channels);
  const auto round = image.channels == 3 ? row_kernels::round_rgb : row_kernels::round_gray;
  uint8_t* to = out.pixels.data();
  for (int64_t row = 0; row < image.height; ++row) {
    resizer.push(image.pixels.data() + row * image.width * image.channels);
    while (const float* numbers = resizer.next()) {
      round(numbers, width, to);
      to += width * image.channels;
    }
  }
  return out;
}

}  // namespace torch_ext

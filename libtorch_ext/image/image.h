#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace torch_ext {

/// A decoded image: [height, width, channels], row-major, a byte per number.
struct Image {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;  ///< 1: grey, 3: red, green, blue
  std::vector<uint8_t> pixels;
};

/// A part of an image, in pixels. As everywhere in torchvision, top first.
struct Box {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};

}  // namespace torch_ext

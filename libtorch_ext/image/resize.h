#pragma once

#include <cstdint>

#include "libtorch_ext/image/image.h"

namespace torch_ext {

/// The image at another size, with antialiasing: within one grey level of torchvision's `Resize`, PIL's
/// `resize(BILINEAR)` and `torch.nn.functional.interpolate(mode="bilinear", antialias=True)`.
///
/// `image` has one or three channels. Throws `std::invalid_argument` for another number of channels, an image without
/// pixels or a size below 1.
///
///     Image small = resize(decode_image(bytes, "cat.jpg"), 224, 224);
Image resize(const Image& image, int64_t height, int64_t width);

}  // namespace torch_ext

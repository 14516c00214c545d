#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace torch_ext {

/// Writes an image, uint8 [C, H, W] with 1 (grey), 2 (grey with alpha), 3 (RGB) or 4 (RGBA) channels, as a PNG:
/// torchvision's `io.write_png`. `read_image` gives the same pixels back. Throws a `c10::ValueError` for another
/// tensor, `DataError` where the file can't be written; the old one stays as it was then.
///
///     tx::write_png(image.mul(255).round().to(torch::kUInt8), "image.png");   // of float [3, H, W] in [0, 1]
void write_png(const at::Tensor& image, const std::string& path);

}  // namespace torch_ext

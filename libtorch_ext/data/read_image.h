#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "libtorch_ext/image/decode.h"

namespace torch_ext {

/// An image file's pixels, uint8 [3, H, W], or [1, H, W] with `ColorMode::kGray`: torchvision's `io.read_image`. Throws
/// `DataError` that names the file for one that can't be read, is damaged or too large (`image/decode.h`).
///
///     at::Tensor image = tx::read_image("cat.jpg");
at::Tensor read_image(const std::string& path, const DecodeOptions& options = {});

/// The pixels of an image as a tensor, uint8 [C, H, W].
///
///     tx::image_tensor(tx::decode_image(bytes, "cat.jpg"))
at::Tensor image_tensor(const Image& image);

}  // namespace torch_ext

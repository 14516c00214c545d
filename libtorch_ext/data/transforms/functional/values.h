#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "libtorch_ext/image/image.h"

namespace torch_ext::transforms::functional {

/// uint8 in [0, 255] becomes float32 in [0, 1]; other types stay as they are.
at::Tensor to_tensor(const at::Tensor& image);

/// In another type, with its range: [0, 1] for floating point, [0, largest number] for integers. Throws a
/// `c10::ValueError` where a float can't carry the integers: float32 to int32 or int64, float64 to int64.
at::Tensor convert_image_dtype(const at::Tensor& image, at::ScalarType dtype = at::kFloat);

/// `(image - mean) / std`, channel by channel: floating point [..., C, H, W] and C numbers each, or one for all.
at::Tensor normalize(const at::Tensor& image, std::span<const double> mean, std::span<const double> std);

/// A copy of the image with `value` in the box; `value` is broadcast to [C, box.height, box.width].
at::Tensor erase(const at::Tensor& image, const Box& box, const at::Tensor& value);

}  // namespace torch_ext::transforms::functional

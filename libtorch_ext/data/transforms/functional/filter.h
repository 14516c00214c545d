#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

namespace torch_ext::transforms::functional {

/// Each pixel becomes the mean of its neighbours, weighted by a normal distribution; at the edges the image is
/// mirrored. `kernel_size`: width and height in pixels, odd, at most twice the image's minus 1. `sigma`: standard
/// deviations in pixels along the width and the height; none: 0.15 of the kernel's size + 0.35.
/// Throws a `c10::ValueError` for others.
at::Tensor gaussian_blur(const at::Tensor& image, std::array<int64_t, 2> kernel_size,
                         std::optional<std::array<double, 2>> sigma = {});

/// Mixed with a blurred image: a `factor` of 0 is blurred, 1 the image itself, 2 sharper. [..., 1 or 3, H, W]; images
/// of 2 pixels or fewer in a direction stay as they are.
at::Tensor adjust_sharpness(const at::Tensor& image, double factor);

}  // namespace torch_ext::transforms::functional

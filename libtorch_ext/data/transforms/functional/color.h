#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

/// Images are [..., 1 or 3, H, W], uint8 or another integer type up to its largest number, or floating point in
/// [0, 1]. None is changed in place, but what comes out may share its memory. Wrong arguments are a `c10::ValueError`.
namespace torch_ext::transforms::functional {

/// 0.2989 red + 0.587 green + 0.114 blue, in 1 channel or 3 equal ones.
at::Tensor rgb_to_grayscale(const at::Tensor& image, int64_t num_output_channels = 1);

/// Mixed with black; with the grey of the image's mean; with its own grey. A `factor` of 0 is that other image, 1 the
/// image itself, 2 twice as far away from the other one.
at::Tensor adjust_brightness(const at::Tensor& image, double factor);
at::Tensor adjust_contrast(const at::Tensor& image, double factor);
at::Tensor adjust_saturation(const at::Tensor& image, double factor);

/// The hue turned by `factor` in [-0.5, 0.5], where 0.5 is the opposite colour. Grey images stay as they are.
at::Tensor adjust_hue(const at::Tensor& image, double factor);

/// `gain * image ^ gamma`, for an image in [0, 1]. A gamma above 1 makes shadows darker.
at::Tensor adjust_gamma(const at::Tensor& image, double gamma, double gain = 1);

/// White minus the image.
at::Tensor invert(const at::Tensor& image);
/// The upper `bits` of every number, 0 to 8; uint8 only.
at::Tensor posterize(const at::Tensor& image, int64_t bits);
/// Numbers from `threshold` on are inverted.
at::Tensor solarize(const at::Tensor& image, double threshold);

/// Each channel stretched, so that its darkest number becomes 0 and its brightest white; a flat channel stays.
at::Tensor autocontrast(const at::Tensor& image);
/// Each channel's histogram made flat; uint8 only.
at::Tensor equalize(const at::Tensor& image);

/// `ratio * image + (1 - ratio) * other`, cut to the image's range and in its type.
at::Tensor blend(const at::Tensor& image, const at::Tensor& other, double ratio);

}  // namespace torch_ext::transforms::functional

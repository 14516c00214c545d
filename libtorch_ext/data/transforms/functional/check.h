#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>

namespace torch_ext::transforms::functional {

/// Throw a `c10::ValueError` that starts with `subject`, where `image` is no tensor with at least the dimensions
/// [H, W], or not [..., C, H, W] with one of the `channels`.
void check_image(const char* subject, const at::Tensor& image);
void check_channels(const char* subject, const at::Tensor& image, std::initializer_list<int64_t> channels);

/// Channels of [..., C, H, W]; 1 for [H, W].
int64_t channels_of(const at::Tensor& image);

/// White: the largest number of an integer type, 1 for a floating point type. torchvision's `_max_value`.
double max_value(at::ScalarType dtype);

/// The image in float32, unless it is floating point already.
at::Tensor to_float(const at::Tensor& image);

/// Back in `dtype`; to an integer type after rounding to the nearest even number.
at::Tensor round_to(const at::Tensor& image, at::ScalarType dtype);

}  // namespace torch_ext::transforms::functional

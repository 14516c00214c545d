#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "libtorch_ext/image/image.h"

namespace torch_ext {

/// A tensor's pixels, as TensorBoard's writer in Python takes them. `dataformats` names the dimensions: "CHW", "HWC" or
/// "HW" for one image, which becomes RGB where it has one channel; "NCHW" or another order of these four for several
/// that are put side by side, eight a row. uint8 is taken as it is, other numbers as [0, 1], cut off outside; NaN is
/// black.
///
/// Throws a `c10::ValueError` where shape and `dataformats` don't agree.
Image to_image(const at::Tensor& tensor, std::string dataformats = "CHW");

}  // namespace torch_ext

#pragma once

namespace torch_ext::transforms {

/// How a pixel comes from its neighbours: torchvision's `InterpolationMode`, as far as tensors have it.
enum class InterpolationMode {
  kNearest,       ///< the nearest pixel, as OpenCV finds it
  kNearestExact,  ///< the nearest pixel, as Pillow finds it
  kBilinear,      ///< linear between two pixels a direction; many where an image is made smaller with `antialias`
  kBicubic,       ///< a cubic through four pixels a direction
};

/// Python's value, `bilinear`, and the name of its enumerator, `InterpolationMode.BILINEAR`.
const char* value_of(InterpolationMode mode);
const char* name_of(InterpolationMode mode);

}  // namespace torch_ext::transforms

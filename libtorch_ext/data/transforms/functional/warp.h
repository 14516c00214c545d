#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "libtorch_ext/data/transforms/interpolation.h"

namespace torch_ext::transforms::functional {

/// Arguments that `rotate` and `affine` share. `interpolation` is nearest or bilinear.
struct WarpOptions {
  InterpolationMode interpolation = InterpolationMode::kNearest;
  /// Of pixels from outside the image: a number a channel, or one for all. Empty: 0 (with bilinear interpolation,
  /// pixels at the edge are then a little brighter than with a 0 that is given).
  std::vector<double> fill = {};
  std::optional<std::array<double, 2>> center = {};  ///< x, y in pixels from the left top; none: the middle
};

/// Turned by `angle` degrees against the clock. With `expand` as large as needed to hold the whole turned image.
at::Tensor rotate(const at::Tensor& image, double angle, const WarpOptions& options = {}, bool expand = false);

/// What `affine` does: turned by `angle` degrees with the clock, moved by `translate` pixels to the right and down,
/// larger by `scale`, sheared by `shear` degrees along x and y.
struct AffineParameters {
  double angle = 0;
  std::array<double, 2> translate = {0, 0};
  double scale = 1;
  std::array<double, 2> shear = {0, 0};
};

/// The image [..., C, H, W] turned, moved, scaled and sheared, in its own size.
at::Tensor affine(const at::Tensor& image, const AffineParameters& parameters, const WarpOptions& options = {});

}  // namespace torch_ext::transforms::functional

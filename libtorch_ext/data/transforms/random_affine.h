#pragma once

#include <array>
#include <optional>
#include <vector>

#include "libtorch_ext/data/transforms/functional/warp.h"
#include "libtorch_ext/data/transforms/interpolation.h"
#include "libtorch_ext/data/transforms/range.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

struct RandomAffineOptions {
  Range degrees;  ///< with the clock; one number `x`: from [-x, x]
  /// The largest moves along x and y, to both sides, as shares of the image's width and height. None: not moved.
  std::optional<std::array<double, 2>> translate = {};
  std::optional<std::array<double, 2>> scale = {};  ///< the least and the largest; none: not scaled
  /// Degrees. One number `x`: along x, from [-x, x]; two: along x, from that range; four: ranges along x and y.
  std::vector<double> shear = {};
  InterpolationMode interpolation = InterpolationMode::kNearest;  ///< or bilinear
  Fill fill = 0;                                                  ///< of pixels from outside the image
  std::optional<std::array<double, 2>> center = {};  ///< x, y in pixels from the left top; none: the middle
};

/// Turned, moved, scaled and sheared at random: torchvision's `RandomAffine`.
///
/// Draws a number for the angle, then for what is on: the moves along x and y, the scale, the shears along x and y.
///
///     RandomAffine{{.degrees = 10, .translate = {{0.1, 0.1}}, .scale = {{0.9, 1.1}}}}
class RandomAffine : public Transform {
 public:
  /// Throws a `c10::ValueError` for wrong ranges.
  explicit RandomAffine(RandomAffineOptions options);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// What an image [height, width] would be changed by. Moves are whole pixels.
  functional::AffineParameters parameters(int64_t height, int64_t width, Random& random) const;

  /// `degrees` and `shear` are the ranges that are drawn from.
  const RandomAffineOptions& options() const { return options_; }

 private:
  RandomAffineOptions options_;
};

}  // namespace torch_ext::transforms

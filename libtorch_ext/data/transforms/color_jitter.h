#pragma once

#include <array>
#include <optional>

#include "libtorch_ext/data/transforms/range.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

struct ColorJitterOptions {
  /// A factor from the range; one number `x`: from [max(0, 1 - x), 1 + x]. 0: not adjusted.
  Range brightness = 0;
  Range contrast = 0;
  Range saturation = 0;
  /// A turn from the range, within [-0.5, 0.5]; one number `x`: from [-x, x]. 0: not turned.
  Range hue = 0;
};

/// Brightness, contrast, saturation and hue adjusted at random, in random order: torchvision's `ColorJitter`.
/// The image is [1 or 3, H, W], uint8 or floating point in [0, 1].
///
/// Draws three numbers for the order, then one each for the adjustments that are on, in the order above.
///
///     ColorJitter{{.brightness = 0.4, .contrast = 0.4, .saturation = 0.4, .hue = 0.1}}
class ColorJitter : public Transform {
 public:
  using Factors = std::optional<std::array<double, 2>>;

  /// Throws a `c10::ValueError` where a range has its ends exchanged or leaves what is possible.
  explicit ColorJitter(const ColorJitterOptions& options = {});

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// What factors are drawn from; none: not adjusted.
  const Factors& brightness() const { return factors_[0]; }
  const Factors& contrast() const { return factors_[1]; }
  const Factors& saturation() const { return factors_[2]; }
  const Factors& hue() const { return factors_[3]; }

 private:
  std::array<Factors, 4> factors_;
};

}  // namespace torch_ext::transforms

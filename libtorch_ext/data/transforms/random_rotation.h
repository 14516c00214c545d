#pragma once

#include <array>
#include <optional>

#include "libtorch_ext/data/transforms/interpolation.h"
#include "libtorch_ext/data/transforms/range.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

struct RandomRotationOptions {
  Range degrees;                                                  ///< against the clock; one number `x`: from [-x, x]
  InterpolationMode interpolation = InterpolationMode::kNearest;  ///< or bilinear
  bool expand = false;  ///< makes the image as large as needed to hold the whole turned one
  std::optional<std::array<double, 2>> center = {};  ///< x, y in pixels from the left top; none: the middle
  Fill fill = 0;                                     ///< of pixels from outside the image
};

/// Turned by an angle that is drawn from `degrees`: torchvision's `RandomRotation`. Draws one number.
///
///     RandomRotation{15}
///     RandomRotation{{.degrees = {0, 90}, .interpolation = InterpolationMode::kBilinear}}
class RandomRotation : public Transform {
 public:
  explicit RandomRotation(double degrees) : RandomRotation(RandomRotationOptions{.degrees = degrees}) {}
  /// Throws a `c10::ValueError` for a negative number alone, or a range with its ends exchanged.
  explicit RandomRotation(RandomRotationOptions options);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// `degrees` is what angles are drawn from.
  const RandomRotationOptions& options() const { return options_; }

 private:
  RandomRotationOptions options_;
};

}  // namespace torch_ext::transforms

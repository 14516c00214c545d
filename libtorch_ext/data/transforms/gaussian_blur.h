#pragma once

#include "libtorch_ext/data/transforms/range.h"
#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// Blurred by a normal distribution whose deviation is drawn from `sigma`: torchvision's `GaussianBlur`. Draws one
/// number.
///
///     GaussianBlur{23, {0.1, 2.0}}   // SimCLR's
class GaussianBlur : public Transform {
 public:
  /// `kernel_size`: pixels, odd; two numbers: width, height. One number as `sigma`: always that one.
  /// Throws a `c10::ValueError` for an even size, or a `sigma` that is not above 0.
  explicit GaussianBlur(Size kernel_size, Range sigma = {0.1, 2.0});

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// The width and height, in this order, of the neighbourhood.
  const Size& kernel_size() const { return kernel_size_; }
  const Range& sigma() const { return sigma_; }

 private:
  Size kernel_size_;
  Range sigma_;
};

}  // namespace torch_ext::transforms

#pragma once

#include <array>

#include "libtorch_ext/data/transforms/interpolation.h"
#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/data/transforms/transform.h"
#include "libtorch_ext/image/image.h"

namespace torch_ext::transforms {

struct RandomResizedCropOptions {
  Size size;                                         ///< of what comes out
  std::array<double, 2> scale = {0.08, 1.0};         ///< the part's area, as a share of the image's: least and largest
  std::array<double, 2> ratio = {3.0 / 4, 4.0 / 3};  ///< the part's width / height: least and largest
  InterpolationMode interpolation = InterpolationMode::kBilinear;
  bool antialias = true;
};

/// A part of the image, of random area, shape and place, in a fixed size: torchvision's `RandomResizedCrop`, from
/// Szegedy et al., "Going deeper with convolutions", CVPR 2015.
///
///     RandomResizedCrop{224}                                // [3, 375, 500] becomes [3, 224, 224]
///     RandomResizedCrop{{.size = 224, .scale = {0.5, 1.0}}}  // at least half of the image
class RandomResizedCrop : public Transform {
 public:
  explicit RandomResizedCrop(Size size) : RandomResizedCrop(RandomResizedCropOptions{.size = size}) {}
  /// Throws a `c10::ValueError` where `size` is below 1, or `scale` or `ratio` is no range of positive numbers.
  explicit RandomResizedCrop(RandomResizedCropOptions options);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// The part that would be taken of an image [height, width].
  ///
  /// Draws up to ten times an area (uniform in `scale`) and a shape (its logarithm uniform in that of `ratio`), until
  /// such a part fits into the image, then its top and its left: 4 numbers mostly. Where none of ten fits: draws no
  /// more, and the part is the middle of the image, as large as `ratio` allows.
  Box box(int64_t height, int64_t width, Random& random) const;

  const RandomResizedCropOptions& options() const { return options_; }
  const Size& size() const { return options_.size; }

 private:
  RandomResizedCropOptions options_;
};

}  // namespace torch_ext::transforms

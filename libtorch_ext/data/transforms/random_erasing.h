#pragma once

#include <array>
#include <optional>

#include "libtorch_ext/data/transforms/range.h"
#include "libtorch_ext/data/transforms/transform.h"
#include "libtorch_ext/image/image.h"

namespace torch_ext::transforms {

struct RandomErasingOptions {
  double p = 0.5;                              ///< the share of images that are erased
  std::array<double, 2> scale = {0.02, 0.33};  ///< the part's area, as a share of the image's: least and largest
  std::array<double, 2> ratio = {0.3, 3.3};    ///< the part's height / width: least and largest
  /// What is written: one number, or one a channel; none: numbers of the normal distribution (Python's "random").
  std::optional<Fill> value = 0;
};

/// A part of the image is overwritten: torchvision's `RandomErasing`, from Zhong et al., "Random erasing data
/// augmentation", AAAI 2020. Comes after `ToTensor` and `Normalize` mostly.
///
/// Draws whether; then what `box` draws; then, for random values, two a number, row by row, channel by channel.
///
///     RandomErasing{}
///     RandomErasing{{.p = 0.25, .value = std::nullopt}}
class RandomErasing : public Transform {
 public:
  /// Throws a `c10::ValueError` for a `p` or `scale` outside [0, 1], or a range with its ends exchanged.
  explicit RandomErasing(RandomErasingOptions options = {});

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// The part that would be erased of an image [height, width]. Draws up to ten times an area (uniform in `scale`) and
  /// a shape (its logarithm uniform in that of `ratio`), until one is smaller than the image in both directions, then
  /// its top and its left. None: none of ten was.
  std::optional<Box> box(int64_t height, int64_t width, Random& random) const;

  const RandomErasingOptions& options() const { return options_; }

 private:
  RandomErasingOptions options_;
};

}  // namespace torch_ext::transforms

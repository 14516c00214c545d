#pragma once

#include <optional>

#include "libtorch_ext/data/transforms/interpolation.h"
#include "libtorch_ext/data/transforms/range.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

struct RandAugmentOptions {
  int64_t num_ops = 2;                                            ///< augmentations an image, one after another
  int64_t magnitude = 9;                                          ///< their strength: a bin, from 0
  int64_t num_magnitude_bins = 31;                                ///< bins from no effect to the strongest
  InterpolationMode interpolation = InterpolationMode::kNearest;  ///< or bilinear
  std::optional<Fill> fill = {};                                  ///< of pixels from outside the image; none: 0
};

/// Some of 14 augmentations in one strength: torchvision's `RandAugment`, from Cubuk et al., "RandAugment: practical
/// automated data augmentation with a reduced search space", 2019. The image is [1 or 3, H, W], uint8.
///
/// Draws, for each augmentation, which one, then its sign where it has one.
///
///     RandAugment{{.num_ops = 2, .magnitude = 9}}
class RandAugment : public Transform {
 public:
  /// Throws a `c10::ValueError` for numbers below 0 or a `magnitude` that is no bin.
  explicit RandAugment(RandAugmentOptions options = {});

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const RandAugmentOptions& options() const { return options_; }

 private:
  RandAugmentOptions options_;
};

struct TrivialAugmentWideOptions {
  int64_t num_magnitude_bins = 31;                                ///< bins from no effect to the strongest
  InterpolationMode interpolation = InterpolationMode::kNearest;  ///< or bilinear
  std::optional<Fill> fill = {};                                  ///< of pixels from outside the image; none: 0
};

/// One of 14 augmentations in any strength: torchvision's `TrivialAugmentWide`, from Müller and Hutter,
/// "TrivialAugment: tuning-free yet state-of-the-art data augmentation", ICCV 2021. The image is [1 or 3, H, W], uint8.
///
/// Draws which one, then its strength and its sign where it has one.
class TrivialAugmentWide : public Transform {
 public:
  /// Throws a `c10::ValueError` where there is no bin.
  explicit TrivialAugmentWide(TrivialAugmentWideOptions options = {});

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const TrivialAugmentWideOptions& options() const { return options_; }

 private:
  TrivialAugmentWideOptions options_;
};

}  // namespace torch_ext::transforms

#pragma once

#include "libtorch_ext/data/transforms/transform.h"

/// Steps that change the colours with probability `p`; the constructors throw a `c10::ValueError` where `p` is not in
/// [0, 1]. The image is [1 or 3, H, W]. Each draws one number.
///
///     RandomPosterize{4}         // half of the images in 16 shades a channel
///     RandomEqualize{0.1}
namespace torch_ext::transforms {

/// Inverted: white minus the image. torchvision's `RandomInvert`.
class RandomInvert : public Transform {
 public:
  explicit RandomInvert(double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  double p() const { return p_; }

 private:
  double p_;
};

/// Only the upper `bits` of every number, 0 to 8, are kept; uint8 only. torchvision's `RandomPosterize`.
class RandomPosterize : public Transform {
 public:
  /// Throws a `c10::ValueError` where `p` is not in [0, 1] or `bits` not in [0, 8].
  explicit RandomPosterize(int64_t bits, double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  int64_t bits() const { return bits_; }
  double p() const { return p_; }

 private:
  int64_t bits_;
  double p_;
};

/// Numbers from `threshold` on are inverted. torchvision's `RandomSolarize`.
class RandomSolarize : public Transform {
 public:
  explicit RandomSolarize(double threshold, double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  double threshold() const { return threshold_; }
  double p() const { return p_; }

 private:
  double threshold_;
  double p_;
};

/// Blurred (`sharpness_factor` 0) or sharpened (2). torchvision's `RandomAdjustSharpness`.
class RandomAdjustSharpness : public Transform {
 public:
  /// Throws a `c10::ValueError` where `p` is not in [0, 1] or `sharpness_factor` below 0.
  explicit RandomAdjustSharpness(double sharpness_factor, double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  double sharpness_factor() const { return sharpness_factor_; }
  double p() const { return p_; }

 private:
  double sharpness_factor_;
  double p_;
};

/// Each channel stretched from 0 to white. torchvision's `RandomAutocontrast`.
class RandomAutocontrast : public Transform {
 public:
  explicit RandomAutocontrast(double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  double p() const { return p_; }

 private:
  double p_;
};

/// Each channel's histogram made flat; uint8 only. torchvision's `RandomEqualize`.
class RandomEqualize : public Transform {
 public:
  explicit RandomEqualize(double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  double p() const { return p_; }

 private:
  double p_;
};

}  // namespace torch_ext::transforms

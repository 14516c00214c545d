#pragma once

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// Mirrors the image left to right with probability `p`: torchvision's `RandomHorizontalFlip`. Draws one number.
class RandomHorizontalFlip : public Transform {
 public:
  /// Throws a `c10::ValueError` where `p` is not in [0, 1].
  explicit RandomHorizontalFlip(double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// Whether the next image is mirrored.
  bool flips(Random& random) const { return random.chance(p_); }

  double p() const { return p_; }

 private:
  double p_;
};

/// Mirrors the image top to bottom with probability `p`: torchvision's `RandomVerticalFlip`. Draws one number.
class RandomVerticalFlip : public Transform {
 public:
  /// Throws a `c10::ValueError` where `p` is not in [0, 1].
  explicit RandomVerticalFlip(double p = 0.5);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// Whether the next image is mirrored.
  bool flips(Random& random) const { return random.chance(p_); }

  double p() const { return p_; }

 private:
  double p_;
};

}  // namespace torch_ext::transforms

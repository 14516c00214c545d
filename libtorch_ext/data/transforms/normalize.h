#pragma once

#include <vector>

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// `(image - mean) / std`, channel by channel: torchvision's `Normalize`. The image is floating point, so mostly a
/// `ToTensor` comes before. One number serves all channels. Draws nothing.
///
///     Normalize{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}   // ImageNet's
///     Normalize{{0.2860}, {0.3530}}                             // Fashion-MNIST's
class Normalize : public Transform {
 public:
  /// Throws a `c10::ValueError` where one is empty, their lengths differ or a `std` is 0.
  Normalize(std::vector<double> mean, std::vector<double> std);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const std::vector<double>& mean() const { return mean_; }
  const std::vector<double>& std() const { return std_; }

 private:
  std::vector<double> mean_;
  std::vector<double> std_;
};

}  // namespace torch_ext::transforms

#pragma once

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// uint8 in [0, 255] becomes float32 in [0, 1]; other types stay as they are. torchvision's `ToTensor`, for images
/// that are [C, H, W] already. Draws nothing.
class ToTensor : public Transform {
 public:
  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override { return "ToTensor()"; }
};

/// Another type, with its range: [0, 1] for floating point, [0, largest number] for integers. torchvision's
/// `ConvertImageDtype`. Draws nothing.
///
///     ConvertImageDtype{at::kFloat}   // as ToTensor for uint8, and int16 becomes float in [0, 1], too
class ConvertImageDtype : public Transform {
 public:
  explicit ConvertImageDtype(at::ScalarType dtype) : dtype_(dtype) {}

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override { return "ConvertImageDtype()"; }

  at::ScalarType dtype() const { return dtype_; }

 private:
  at::ScalarType dtype_;
};

}  // namespace torch_ext::transforms

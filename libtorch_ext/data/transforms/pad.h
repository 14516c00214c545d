#pragma once

#include "libtorch_ext/data/transforms/padding.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

/// The image with pixels added around: torchvision's `Pad`. Draws nothing.
///
///     Pad{4}                                        // [1, 28, 28] becomes [1, 36, 36]
///     Pad{{2, 0}, 0, PaddingMode::kReflect}         // two mirrored pixels left and right
class Pad : public Transform {
 public:
  explicit Pad(Padding padding, double fill = 0, PaddingMode padding_mode = PaddingMode::kConstant)
      : padding_(padding), fill_(fill), padding_mode_(padding_mode) {}

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const Padding& padding() const { return padding_; }
  double fill() const { return fill_; }
  PaddingMode padding_mode() const { return padding_mode_; }

 private:
  Padding padding_;
  double fill_;
  PaddingMode padding_mode_;
};

}  // namespace torch_ext::transforms

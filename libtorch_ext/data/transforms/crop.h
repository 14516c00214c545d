#pragma once

#include <optional>

#include "libtorch_ext/data/transforms/padding.h"
#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/data/transforms/transform.h"
#include "libtorch_ext/image/image.h"

namespace torch_ext::transforms {

/// The middle of the image; a smaller image is surrounded by 0. torchvision's `CenterCrop`. Draws nothing.
///
///     CenterCrop{224}   // [3, 256, 341] becomes [3, 224, 224]
class CenterCrop : public Transform {
 public:
  /// Throws a `c10::ValueError` where `size` is below 1.
  explicit CenterCrop(Size size);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const Size& size() const { return size_; }

 private:
  Size size_;
};

struct RandomCropOptions {
  Size size;
  std::optional<Padding> padding = {};  ///< added around every image first
  bool pad_if_needed = false;           ///< adds to both sides what an image is too small by; otherwise an error
  double fill = 0;                      ///< the added pixels, with `PaddingMode::kConstant`
  PaddingMode padding_mode = PaddingMode::kConstant;
};

/// A part of the image, every place equally likely: torchvision's `RandomCrop`.
///
/// Draws two numbers, for the top and the left; none where the (padded) image has the size already.
///
///     RandomCrop{{.size = 32, .padding = 4}}   // CIFAR's: 32 x 32 out of 40 x 40
class RandomCrop : public Transform {
 public:
  explicit RandomCrop(Size size) : RandomCrop(RandomCropOptions{.size = size}) {}
  /// Throws a `c10::ValueError` where `size` is below 1.
  explicit RandomCrop(RandomCropOptions options);

  /// Throws a `c10::ValueError` for an image that is smaller than `size`, unless `pad_if_needed`.
  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  /// The part that would be taken of an image [height, width] that is padded already.
  Box box(int64_t height, int64_t width, Random& random) const;

  const RandomCropOptions& options() const { return options_; }
  const Size& size() const { return options_.size; }

 private:
  RandomCropOptions options_;
};

}  // namespace torch_ext::transforms

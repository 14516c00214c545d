#pragma once

#include <optional>

#include "libtorch_ext/data/transforms/flip.h"
#include "libtorch_ext/data/transforms/normalize.h"
#include "libtorch_ext/data/transforms/random_resized_crop.h"
#include "libtorch_ext/data/transforms/resize.h"
#include "libtorch_ext/data/transforms/transform.h"
#include "libtorch_ext/image/crop_resizer.h"

namespace torch_ext::transforms {

/// Transforms that `CropResizer` does in one pass over an image file's bytes:
///
///     [RandomResizedCrop | Resize to height and width | Resize, then CenterCrop] [RandomHorizontalFlip] ToTensor
///     [Normalize]
///
/// bilinear and antialiased. Keeps pointers into the transforms it was made of.
class Fused {
 public:
  /// Nothing where `transform` is something else. `mode`: that of the images that it gets.
  static std::optional<Fused> recognise(const Transform& transform, ColorMode mode = ColorMode::kRgb);

  /// Of the image that comes out.
  Size size() const { return out_; }
  /// Whether the part that is taken is drawn by lot.
  bool is_random() const { return random_crop_ != nullptr; }

  /// What to do with an image [height, width]. Draws the same numbers as the transforms, in their order.
  CropResize plan(int64_t height, int64_t width, Random& random) const;

 private:
  const RandomResizedCrop* random_crop_ = nullptr;
  const Resize* resize_ = nullptr;
  const RandomHorizontalFlip* flip_ = nullptr;
  Size out_{0, 0};
  ColorMode mode_ = ColorMode::kRgb;
  std::array<float, 3> mean_{0, 0, 0};
  std::array<float, 3> std_{1, 1, 1};
};

}  // namespace torch_ext::transforms

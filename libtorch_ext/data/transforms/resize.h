#pragma once

#include <optional>

#include "libtorch_ext/data/transforms/interpolation.h"
#include "libtorch_ext/data/transforms/size.h"
#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

struct ResizeOptions {
  Size size;  ///< one number: the shorter side's, the longer one keeps the image's shape; two: height and width
  InterpolationMode interpolation = InterpolationMode::kBilinear;
  /// With one number as `size`: the longer side's largest; where it would be exceeded, the shorter side is smaller.
  std::optional<int64_t> max_size = {};
  bool antialias = true;  ///< weights all pixels that a new one covers; without, detail aliases in small images
};

/// The image in another size: torchvision's `Resize`; see `functional::resize`. Draws nothing.
///
///     Resize{256}            // [3, 375, 500] becomes [3, 256, 341]
///     Resize{{256, 320}}     // [3, 375, 500] becomes [3, 256, 320]
///     Resize{{.size = 256, .interpolation = InterpolationMode::kBicubic}}
class Resize : public Transform {
 public:
  explicit Resize(Size size) : Resize(ResizeOptions{.size = size}) {}
  /// Throws a `c10::ValueError` where `size` is below 1 or `max_size` doesn't go with it.
  explicit Resize(ResizeOptions options);

  at::Tensor operator()(const at::Tensor& image, Random& random) const override;
  std::string repr() const override;

  const ResizeOptions& options() const { return options_; }
  const Size& size() const { return options_.size; }

 private:
  ResizeOptions options_;
};

}  // namespace torch_ext::transforms

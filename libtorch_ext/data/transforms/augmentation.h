#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libtorch_ext/data/transforms/functional/warp.h"

namespace torch_ext::transforms {

/// One of the ways in which `RandAugment`, `TrivialAugmentWide` and `AutoAugment` change an image.
struct Augmentation {
  std::string name;         ///< torchvision's: "ShearX"
  double weakest = 0;       ///< the magnitude of the first bin
  double strongest = 0;     ///< and of the last; between them in equal steps
  bool is_signed = false;   ///< to both sides, each equally likely
  bool has_levels = true;   ///< whether there is a magnitude
  bool drops_bits = false;  ///< magnitudes are `8 - round(strongest * bin / last bin)` bits, not steps

  /// The magnitudes, in float32 as torchvision computes them; one, 0, where there is none.
  std::vector<double> magnitudes(int64_t bins) const;
};

/// The ways of RandAugment and AutoAugment for an image [height, width], and those of TrivialAugmentWide, in
/// torchvision's order. AutoAugment has "Invert" in place of "Identity".
std::vector<Augmentation> rand_augmentations(int64_t height, int64_t width);
std::vector<Augmentation> wide_augmentations();

/// The image [1 or 3, H, W], uint8, changed. Throws a `c10::ValueError` for an unknown name.
at::Tensor augmented(const at::Tensor& image, const std::string& name, double magnitude,
                     const functional::WarpOptions& options = {});

}  // namespace torch_ext::transforms

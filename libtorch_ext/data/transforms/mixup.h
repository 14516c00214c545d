#pragma once

#include <cstdint>
#include <optional>

#include "libtorch_ext/data/batch.h"
#include "libtorch_ext/data/random.h"
#include "libtorch_ext/image/image.h"

namespace torch_ext::transforms {

struct MixOptions {
  std::optional<int64_t> num_classes = {};  ///< needed where targets are class numbers
  double alpha = 1;                         ///< shares are drawn from Beta(alpha, alpha); 1: uniform
};

/// Each sample mixed with the one before it in the batch, and their targets likewise: torchvision's `v2.MixUp`, from
/// Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018. Comes after the batch is made:
///
///     const MixUp mixup{{.num_classes = 10, .alpha = 0.2}};
///     batch = mixup(batch, random);   // data [256, 3, 32, 32] stays so; target [256] becomes [256, 10], float32
class MixUp {
 public:
  /// Throws a `c10::ValueError` where a number is not above 0.
  explicit MixUp(MixOptions options = {});

  /// `batch`: data [B, C, H, W], floating point; target [B], int64, or [B, num_classes]. Draws `share`. The batch
  /// stays as it is. Throws a `c10::ValueError` for others.
  Batch operator()(const Batch& batch, Random& random) const;

  /// How much stays of each sample. Draws one number for an alpha of 1, otherwise as many as it takes.
  double share(Random& random) const;
  /// With that share.
  Batch mixed(const Batch& batch, double share) const;

  const MixOptions& options() const { return options_; }

 private:
  MixOptions options_;
};

/// A box of each sample replaced by that of the one before it in the batch, and their targets mixed by its area:
/// torchvision's `v2.CutMix`, from Yun et al., "CutMix: regularization strategy to train strong classifiers with
/// localizable features", ICCV 2019.
class CutMix {
 public:
  /// Throws a `c10::ValueError` where a number is not above 0.
  explicit CutMix(MixOptions options = {});

  /// As `MixUp`, but data may be of any type. Draws `box`.
  Batch operator()(const Batch& batch, Random& random) const;

  /// The box for images [height, width]; draws its share as `MixUp` does, then the column and the row of its middle.
  Box box(int64_t height, int64_t width, Random& random) const;
  /// With that box.
  Batch mixed(const Batch& batch, const Box& box) const;

  const MixOptions& options() const { return options_; }

 private:
  MixOptions options_;
};

}  // namespace torch_ext::transforms

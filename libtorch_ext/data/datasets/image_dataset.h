#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// How grey levels become numbers: torchvision's `ToTensor` and `Normalize`, ((level / 255) - mean) / std in float32.
struct Normalization {
  double mean = 0;
  double std = 1;
};

/// Grey images in memory with a class each. Batches are float32 [batch, 1, H, W] and int64 [batch], normalised.
class ImageDataset : public Dataset {
 public:
  /// `pixels`: [N, H, W], row-major; `labels`: [N].
  ImageDataset(std::vector<std::byte> pixels, std::vector<std::byte> labels, int64_t height, int64_t width,
               Normalization normalization);

  int64_t size() const override { return size_; }
  std::vector<Field> fields() const override;
  void read(const Rows& rows) const override;

  /// The highest label plus one.
  int64_t num_classes() const;

  /// Leaves only the first `count` samples.
  void truncate(int64_t count);

 private:
  std::vector<std::byte> pixels_;
  std::vector<std::byte> labels_;
  int64_t size_;
  int64_t height_;
  int64_t width_;
  std::array<float, 256> number_of_level_;
};

}  // namespace torch_ext

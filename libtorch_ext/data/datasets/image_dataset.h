#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/data/datasets/normalize_levels.h"

namespace torch_ext {

/// Images in memory with a class each. Batches are float32 [batch, C, H, W] and int64 [batch], normalised.
///
///     tx::ImageDataset(pixels, labels, {3, 32, 32}, {{0.4914, 0.2470}, {0.4822, 0.2435}, {0.4465, 0.2616}})
class ImageDataset : public Dataset {
 public:
  /// `pixels`: [N, C, H, W], row-major; `labels`: [N]; `shape`: [C, H, W]; `normalization`: one for each channel, or
  /// one for all. Throws a `c10::ValueError` where these don't agree.
  ImageDataset(std::vector<std::byte> pixels, std::vector<std::byte> labels, std::vector<int64_t> shape,
               const std::vector<Normalization>& normalization);
  /// Grey images: [N, H, W].
  ImageDataset(std::vector<std::byte> pixels, std::vector<std::byte> labels, int64_t height, int64_t width,
               Normalization normalization)
      : ImageDataset(std::move(pixels), std::move(labels), {1, height, width}, std::vector{normalization}) {}

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
  std::vector<int64_t> shape_;
  std::vector<LevelNormalizer> normalize_;  // by channel
};

}  // namespace torch_ext

#include "libtorch_ext/data/datasets/image_dataset.h"

#include <torch/torch.h>

#include <algorithm>

namespace torch_ext {

ImageDataset::ImageDataset(std::vector<std::byte> pixels, std::vector<std::byte> labels, int64_t height, int64_t width,
                           Normalization normalization)
    : pixels_(std::move(pixels)),
      labels_(std::move(labels)),
      size_(static_cast<int64_t>(labels_.size())),
      height_(height),
      width_(width) {
  TORCH_CHECK_VALUE(static_cast<int64_t>(pixels_.size()) == size_ * height * width, "found ", pixels_.size(),
                    " pixels, expected ", size_, " x ", height, " x ", width);
  TORCH_CHECK_VALUE(normalization.std > 0, "found the std ", normalization.std, ", expected a positive one");
  const auto mean = static_cast<float>(normalization.mean);
  const auto std = static_cast<float>(normalization.std);
  for (int level = 0; level < 256; ++level) {
    number_of_level_[static_cast<size_t>(level)] = (static_cast<float>(level) / 255.0F - mean) / std;
  }
}

std::vector<Field> ImageDataset::fields() const {
  return {{"image", at::kFloat, {1, height_, width_}}, {"label", at::kLong, {}}};
}

void ImageDataset::read(const Rows& rows) const {
  const int64_t area = height_ * width_;
  for (int64_t row = 0; row < rows.size(); ++row) {
    const int64_t index = rows.index(row);
    const std::byte* image = pixels_.data() + index * area;
    std::transform(image, image + area, rows.at<float>(0, row),
                   [this](std::byte level) { return number_of_level_[static_cast<size_t>(level)]; });
    *rows.at<int64_t>(1, row) = static_cast<int64_t>(labels_[static_cast<size_t>(index)]);
  }
}

int64_t ImageDataset::num_classes() const {
  const auto highest = std::max_element(labels_.begin(), labels_.end());
  return highest == labels_.end() ? 0 : static_cast<int64_t>(*highest) + 1;
}

void ImageDataset::truncate(int64_t count) { size_ = std::min(size_, count); }

}  // namespace torch_ext

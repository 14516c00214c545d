#include "libtorch_ext/data/image_dataset.h"

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

Batch ImageDataset::get_batch(std::span<const int64_t> indices) const {
  const auto count = static_cast<int64_t>(indices.size());
  Batch batch{torch::empty({count, 1, height_, width_}, torch::kFloat32), torch::empty({count}, torch::kInt64)};
  auto* numbers = batch.data.data_ptr<float>();
  auto* targets = batch.target.data_ptr<int64_t>();
  const int64_t area = height_ * width_;
  for (const int64_t index : indices) {
    TORCH_CHECK_INDEX(0 <= index && index < size_, "sample ", index, " of ", size_);
    const std::byte* image = pixels_.data() + index * area;
    numbers = std::transform(image, image + area, numbers,
                             [this](std::byte level) { return number_of_level_[static_cast<size_t>(level)]; });
    *targets++ = static_cast<int64_t>(labels_[static_cast<size_t>(index)]);
  }
  return batch;
}

int64_t ImageDataset::num_classes() const {
  const auto highest = std::max_element(labels_.begin(), labels_.end());
  return highest == labels_.end() ? 0 : static_cast<int64_t>(*highest) + 1;
}

void ImageDataset::truncate(int64_t count) { size_ = std::min(size_, count); }

}  // namespace torch_ext

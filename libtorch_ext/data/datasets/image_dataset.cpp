#include "libtorch_ext/data/datasets/image_dataset.h"

#include <c10/util/ArrayRef.h>
#include <c10/util/Exception.h>

#include <algorithm>

namespace torch_ext {
namespace {

// An image's bytes come from anywhere in memory: half the time of a read would go into waiting for them.
constexpr int64_t kAhead = 2;
constexpr int64_t kMostFetched = 4096;
constexpr int64_t kCacheLine = 64;

void fetch_ahead(const std::byte* image, int64_t size) {
  for (int64_t at = 0; at < std::min(size, kMostFetched); at += kCacheLine) __builtin_prefetch(image + at);
}

}  // namespace

ImageDataset::ImageDataset(std::vector<std::byte> pixels, std::vector<std::byte> labels, std::vector<int64_t> shape,
                           const std::vector<Normalization>& normalization)
    : pixels_(std::move(pixels)),
      labels_(std::move(labels)),
      size_(static_cast<int64_t>(labels_.size())),
      shape_(std::move(shape)) {
  TORCH_CHECK_VALUE(shape_.size() == 3, "found images of the shape ", at::IntArrayRef(shape_), ", expected [C, H, W]");
  TORCH_CHECK_VALUE(static_cast<int64_t>(pixels_.size()) == size_ * shape_[0] * shape_[1] * shape_[2], "found ",
                    pixels_.size(), " pixels, expected ", size_, " x ", shape_[0], " x ", shape_[1], " x ", shape_[2]);
  const size_t channels = static_cast<size_t>(shape_[0]);
  TORCH_CHECK_VALUE(normalization.size() == 1 || normalization.size() == channels, "found ", normalization.size(),
                    " means and stds, expected one, or one for each of the ", channels, " channels");
  for (size_t c = 0; c < channels; ++c) normalize_.emplace_back(normalization[normalization.size() == 1 ? 0 : c]);
}

std::vector<Field> ImageDataset::fields() const { return {{"image", at::kFloat, shape_}, {"label", at::kLong, {}}}; }

void ImageDataset::read(const Rows& rows) const {
  const int64_t area = shape_[1] * shape_[2];
  const int64_t numbers = shape_[0] * area;
  for (int64_t row = 0; row < rows.size(); ++row) {
    if (row + kAhead < rows.size()) fetch_ahead(pixels_.data() + rows.index(row + kAhead) * numbers, numbers);
    const int64_t index = rows.index(row);
    const std::byte* channel = pixels_.data() + index * numbers;
    float* out = rows.at<float>(0, row);
    for (const LevelNormalizer& normalize : normalize_) {
      normalize(channel, area, out);
      channel += area;
      out += area;
    }
    *rows.at<int64_t>(1, row) = static_cast<int64_t>(labels_[static_cast<size_t>(index)]);
  }
}

int64_t ImageDataset::num_classes() const {
  const auto highest = std::max_element(labels_.begin(), labels_.end());
  return highest == labels_.end() ? 0 : static_cast<int64_t>(*highest) + 1;
}

void ImageDataset::truncate(int64_t count) { size_ = std::min(size_, count); }

}  // namespace torch_ext

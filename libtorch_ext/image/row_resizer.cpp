#include "libtorch_ext/image/row_resizer.h"

#include "libtorch_ext/image/row_kernels.h"

namespace torch_ext {
namespace {

// Memory that only grows: what a smaller image leaves is finite, which is all that the kernels ask.
void reserve(std::vector<float>& memory, int64_t size) {
  if (static_cast<int64_t>(memory.size()) < size) memory.resize(static_cast<size_t>(size));
}

}  // namespace

Box RowResizer::start(const AxisResize& vertical, const AxisResize& horizontal, int64_t channels, bool flip) {
  vertical_.reset(vertical);
  horizontal_.reset(horizontal, flip);
  channels_ = channels;
  pushed_ = made_ = 0;
  const Box box{vertical_.first(), horizontal_.first(), vertical_.end() - vertical_.first(),
                horizontal_.end() - horizontal_.first()};
  row_size_ = box.width * channels;
  reserve(kept_, vertical_.taps() * row_size_);
  rows_.resize(static_cast<size_t>(vertical_.taps()));
  reserve(blended_, (box.width + horizontal_.taps() + 2) * channels);
  reserve(out_, (horizontal_.size() + 3) * 4);
  return box;
}

void RowResizer::push(const uint8_t* row) {
  row_kernels::widen(row, row_size_, kept(pushed_));
  ++pushed_;
}

const float* RowResizer::next() {
  if (made_ == vertical_.size()) return nullptr;
  const int64_t start = vertical_.start(made_);
  const int64_t count = vertical_.count(made_);
  if (start + count > pushed_) return nullptr;
  for (int64_t k = 0; k < count; ++k) rows_[static_cast<size_t>(k)] = kept(start + k);
  row_kernels::blend(rows_.data(), vertical_.weights(made_), count, row_size_, blended_.data());
  (channels_ == 3 ? row_kernels::filter_rgb : row_kernels::filter_gray)(blended_.data(), horizontal_.starts(),
                                                                        horizontal_.weights(0), horizontal_.taps(),
                                                                        horizontal_.size(), out_.data());
  ++made_;
  return out_.data();
}

}  // namespace torch_ext

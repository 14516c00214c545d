#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace torch_ext {

/// How one side of an image is resized: the part [begin, begin + size) of the source, in pixels and fractions of them,
/// becomes `out_size` pixels, of which [out_first, out_first + out_count) are made.
struct AxisResize {
  double begin = 0;
  double size = 0;
  int64_t out_size = 0;
  int64_t out_first = 0;
  int64_t out_count = 0;
};

/// The weights of a triangle filter that is widened where it shrinks ("bilinear, antialias=True" in torch and
/// torchvision, `BILINEAR` in PIL), for one side of an image. Pixels outside the part that is resized don't count.
///
/// Keeps its memory from one image to the next.
class AxisFilter {
 public:
  /// `reversed`: output pixels from right to left.
  void reset(const AxisResize& axis, bool reversed = false);

  /// The source's pixels that are needed: [first(), end()).
  int64_t first() const { return first_; }
  int64_t end() const { return end_; }
  /// Output pixels.
  int64_t size() const { return static_cast<int64_t>(starts_.size()); }
  /// The most source pixels that one output pixel depends on.
  int64_t taps() const { return taps_; }

  /// Where output pixel `i` begins in the source, counted from `first()`, and how many source pixels it needs.
  int64_t start(int64_t i) const { return starts_[static_cast<size_t>(i)]; }
  int64_t count(int64_t i) const { return counts_[static_cast<size_t>(i)]; }
  /// Its weights: `taps()` of them, those after `count(i)` are 0.
  const float* weights(int64_t i) const { return weights_.data() + i * taps_; }
  const int32_t* starts() const { return starts_.data(); }

 private:
  int64_t first_ = 0;
  int64_t end_ = 0;
  int64_t taps_ = 0;
  std::vector<int32_t> starts_;
  std::vector<int32_t> counts_;
  std::vector<float> weights_;
};

}  // namespace torch_ext

#include "libtorch_ext/image/axis_filter.h"

#include <algorithm>
#include <cmath>

namespace torch_ext {

void AxisFilter::reset(const AxisResize& axis, bool reversed) {
  const double scale = axis.size / static_cast<double>(axis.out_size);
  const double support = std::max(scale, 1.0);
  const auto low = static_cast<int64_t>(std::floor(axis.begin));
  const auto high = static_cast<int64_t>(std::ceil(axis.begin + axis.size));
  const auto count = static_cast<size_t>(axis.out_count);
  taps_ = std::min(static_cast<int64_t>(std::ceil(support)) * 2 + 1, high - low);
  starts_.resize(count);
  counts_.resize(count);
  weights_.assign(count * static_cast<size_t>(taps_), 0);

  first_ = high;
  end_ = low;
  int64_t most = 0;
  for (size_t i = 0; i < count; ++i) {
    const double center = axis.begin + (static_cast<double>(axis.out_first + static_cast<int64_t>(i)) + 0.5) * scale;
    const auto begin = std::max(static_cast<int64_t>(std::floor(center - support + 0.5)), low);
    const auto end = std::min(static_cast<int64_t>(std::floor(center + support + 0.5)), high);
    const size_t to = reversed ? count - 1 - i : i;
    float* weights = weights_.data() + to * static_cast<size_t>(taps_);
    double total = 0;
    for (int64_t x = begin; x < end; ++x) {
      const double weight = std::max(0.0, 1 - std::abs((static_cast<double>(x) + 0.5 - center) / support));
      weights[x - begin] = static_cast<float>(weight);
      total += weight;
    }
    for (int64_t x = begin; x < end; ++x) weights[x - begin] = static_cast<float>(weights[x - begin] / total);
    starts_[to] = static_cast<int32_t>(begin);
    counts_[to] = static_cast<int32_t>(end - begin);
    most = std::max(most, end - begin);
    first_ = std::min(first_, begin);
    end_ = std::max(end_, end);
  }
  for (auto& start : starts_) start -= static_cast<int32_t>(first_);
  // Rows of weights as narrow as they can be: the horizontal filter reads all of each.
  if (most < taps_) {
    for (size_t i = 0; i < count; ++i) {
      std::copy_n(weights_.data() + i * static_cast<size_t>(taps_), most,
                  weights_.data() + i * static_cast<size_t>(most));
    }
    taps_ = most;
  }
}

}  // namespace torch_ext

#include "libtorch_ext/data/transforms/color_jitter.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/color.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

namespace {

constexpr std::array<const char*, 4> kNames{"brightness", "contrast", "saturation", "hue"};

ColorJitter::Factors factors(const char* name, const Range& range, double neutral, double least, double largest) {
  double low = range.low;
  double high = range.high;
  if (range.single) {
    TORCH_CHECK_VALUE(range.low >= 0, "ColorJitter: ", name, " is ", range.low,
                      "; expected a number of at least 0, or (least, largest)");
    low = neutral - range.low;
    high = neutral + range.low;
    if (least == 0) low = std::max(low, 0.0);
  }
  TORCH_CHECK_VALUE(least <= low && low <= high && high <= largest, "ColorJitter: ", name, " is ",
                    python_tuple({low, high}), "; expected (least, largest) within ", python_tuple({least, largest}));
  if (low == neutral && high == neutral) return std::nullopt;
  return {{low, high}};
}

at::Tensor adjusted(const at::Tensor& image, size_t what, double factor) {
  switch (what) {
    case 0:
      return functional::adjust_brightness(image, factor);
    case 1:
      return functional::adjust_contrast(image, factor);
    case 2:
      return functional::adjust_saturation(image, factor);
    default:
      return functional::adjust_hue(image, factor);
  }
}

}  // namespace

ColorJitter::ColorJitter(const ColorJitterOptions& options) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  factors_ = {factors(kNames[0], options.brightness, 1, 0, kInfinity),
              factors(kNames[1], options.contrast, 1, 0, kInfinity),
              factors(kNames[2], options.saturation, 1, 0, kInfinity), factors(kNames[3], options.hue, 0, -0.5, 0.5)};
}

at::Tensor ColorJitter::operator()(const at::Tensor& image, Random& random) const {
  functional::check_channels("ColorJitter", image, {1, 3});
  std::array<size_t, 4> order{0, 1, 2, 3};
  for (size_t i = 3; i > 0; --i)
    std::swap(order[i], order[static_cast<size_t>(random.below(static_cast<int64_t>(i) + 1))]);
  std::array<double, 4> factor{};
  for (size_t i = 0; i < 4; ++i) {
    if (factors_[i]) factor[i] = random.uniform((*factors_[i])[0], (*factors_[i])[1]);
  }
  at::Tensor result = image;
  for (const size_t i : order) {
    if (factors_[i]) result = adjusted(result, i, factor[i]);
  }
  return result;
}

std::string ColorJitter::repr() const {
  std::string text;
  for (size_t i = 0; i < 4; ++i) {
    text += std::string(i == 0 ? "ColorJitter(" : ", ") + kNames[i] + "=" +
            (factors_[i] ? python_tuple({(*factors_[i])[0], (*factors_[i])[1]}) : "None");
  }
  return text + ")";
}

}  // namespace torch_ext::transforms

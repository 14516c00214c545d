#include "libtorch_ext/data/transforms/random_resized_crop.h"

#include <c10/util/Exception.h>

#include <cmath>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/geometry.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

namespace {

int64_t rounded(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

}  // namespace

RandomResizedCrop::RandomResizedCrop(RandomResizedCropOptions options) : options_(options) {
  check_size("RandomResizedCrop", options_.size);
  const auto check = [](const char* name, const std::array<double, 2>& range) {
    TORCH_CHECK_VALUE(range[0] > 0 && range[0] <= range[1] && std::isfinite(range[1]), "RandomResizedCrop: ", name,
                      " is ", python_tuple({range[0], range[1]}), "; expected (least, largest), both above 0");
  };
  check("scale", options_.scale);
  check("ratio", options_.ratio);
}

Box RandomResizedCrop::box(int64_t height, int64_t width, Random& random) const {
  const auto& [least_scale, largest_scale] = options_.scale;
  const auto& [least, largest] = options_.ratio;
  const auto area = static_cast<double>(height) * static_cast<double>(width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double part = area * random.uniform(least_scale, largest_scale);
    const double ratio = std::exp(random.uniform(std::log(least), std::log(largest)));
    const int64_t columns = rounded(std::sqrt(part * ratio));
    const int64_t rows = rounded(std::sqrt(part / ratio));
    if (columns < 1 || columns > width || rows < 1 || rows > height) continue;
    const int64_t top = random.below(height - rows + 1);
    const int64_t left = random.below(width - columns + 1);
    return {top, left, rows, columns};
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  const int64_t rows = ratio < least ? rounded(static_cast<double>(width) / least) : height;
  const int64_t columns = ratio > largest ? rounded(static_cast<double>(height) * largest) : width;
  return {(height - rows) / 2, (width - columns) / 2, rows, columns};
}

at::Tensor RandomResizedCrop::operator()(const at::Tensor& image, Random& random) const {
  functional::check_image("RandomResizedCrop", image);
  const Box part = box(image.size(-2), image.size(-1), random);
  const Size size{options_.size.height, options_.size.width};
  return functional::resized_crop(image, part, size, options_.interpolation, options_.antialias);
}

std::string RandomResizedCrop::repr() const {
  const auto range = [](const std::array<double, 2>& values) {
    return python_tuple({round4(values[0]), round4(values[1])});
  };
  return "RandomResizedCrop(size=" + to_tuple(options_.size) + ", scale=" + range(options_.scale) +
         ", ratio=" + range(options_.ratio) + ", interpolation=" + value_of(options_.interpolation) +
         ", antialias=" + python_bool(options_.antialias) + ")";
}

}  // namespace torch_ext::transforms

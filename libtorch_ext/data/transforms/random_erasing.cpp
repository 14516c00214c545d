#include "libtorch_ext/data/transforms/random_erasing.h"

#include <ATen/Functions.h>

#include <cmath>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/values.h"
#include "libtorch_ext/data/transforms/text.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::transforms {

RandomErasing::RandomErasing(RandomErasingOptions options) : options_(std::move(options)) {
  check_probability("RandomErasing", options_.p);
  const auto& scale = options_.scale;
  const auto& ratio = options_.ratio;
  TORCH_CHECK_VALUE(scale[0] >= 0 && scale[0] <= scale[1] && scale[1] <= 1, "RandomErasing: scale is ",
                    python_tuple({scale[0], scale[1]}), "; expected (least, largest) within [0, 1]");
  TORCH_CHECK_VALUE(ratio[0] > 0 && ratio[0] <= ratio[1] && std::isfinite(ratio[1]), "RandomErasing: ratio is ",
                    python_tuple({ratio[0], ratio[1]}), "; expected (least, largest), both above 0");
}

std::optional<Box> RandomErasing::box(int64_t height, int64_t width, Random& random) const {
  const auto& [least_scale, largest_scale] = options_.scale;
  const auto& [least, largest] = options_.ratio;
  const auto rounded = [](double value) { return static_cast<int64_t>(std::nearbyint(value)); };
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area =
        static_cast<double>(height) * static_cast<double>(width) * random.uniform(least_scale, largest_scale);
    const double ratio = std::exp(random.uniform(std::log(least), std::log(largest)));
    const int64_t rows = rounded(std::sqrt(area * ratio));
    const int64_t columns = rounded(std::sqrt(area / ratio));
    if (rows >= height || columns >= width) continue;
    const int64_t top = random.below(height - rows + 1);
    const int64_t left = random.below(width - columns + 1);
    return Box{top, left, rows, columns};
  }
  return std::nullopt;
}

at::Tensor RandomErasing::operator()(const at::Tensor& image, Random& random) const {
  functional::check_image("RandomErasing", image);
  const int64_t channels = functional::channels_of(image);
  const auto values = options_.value ? static_cast<int64_t>(options_.value->values.size()) : 1;
  TORCH_CHECK_VALUE(values == 1 || values == channels, "RandomErasing: value has ", values,
                    " numbers; expected one for each of the image's ", channels, " channels, or one for all");
  if (!random.chance(options_.p)) return image;
  const auto part = box(image.size(-2), image.size(-1), random);
  if (!part) return image;
  if (options_.value) return functional::erase(image, *part, at::tensor(options_.value->values).view({-1, 1, 1}));
  at::Tensor noise = at::empty({channels, part->height, part->width}, at::kFloat);
  float* number = noise.mutable_data_ptr<float>();
  for (int64_t i = 0; i < noise.numel(); ++i) number[i] = static_cast<float>(random.normal());
  return functional::erase(image, *part, noise);
}

std::string RandomErasing::repr() const {
  const auto tuple = [](const std::array<double, 2>& values) { return python_tuple({values[0], values[1]}); };
  return "RandomErasing(p=" + formats::python_float(options_.p) + ", scale=" + tuple(options_.scale) +
         ", ratio=" + tuple(options_.ratio) + ", value=" + (options_.value ? to_text(*options_.value) : "random") +
         ", inplace=False)";
}

}  // namespace torch_ext::transforms

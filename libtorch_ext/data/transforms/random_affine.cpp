#include "libtorch_ext/data/transforms/random_affine.h"

#include <c10/util/Exception.h>

#include <cmath>

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

namespace {

std::string tuple(const std::array<double, 2>& values) { return python_tuple({values[0], values[1]}); }

}  // namespace

RandomAffine::RandomAffine(RandomAffineOptions options) : options_(std::move(options)) {
  options_.degrees = both_sides("RandomAffine", "degrees", options_.degrees);
  if (const auto& move = options_.translate) {
    const auto is_share = [](double value) { return value >= 0 && value <= 1; };
    TORCH_CHECK_VALUE(is_share((*move)[0]) && is_share((*move)[1]), "RandomAffine: translate is ", tuple(*move),
                      "; expected numbers in [0, 1]");
  }
  if (const auto& scale = options_.scale) {
    TORCH_CHECK_VALUE((*scale)[0] > 0 && (*scale)[0] <= (*scale)[1], "RandomAffine: scale is ", tuple(*scale),
                      "; expected (least, largest), both above 0");
  }
  auto& shear = options_.shear;
  TORCH_CHECK_VALUE(shear.empty() || shear.size() == 1 || shear.size() == 2 || shear.size() == 4,
                    "RandomAffine: shear has ", shear.size(), " numbers; expected 1, 2 or 4");
  if (shear.size() == 1) {
    const Range range = both_sides("RandomAffine", "shear", shear[0]);
    shear = {range.low, range.high};
  }
  for (size_t i = 0; i < shear.size(); i += 2) both_sides("RandomAffine", "shear", {shear[i], shear[i + 1]});
}

functional::AffineParameters RandomAffine::parameters(int64_t height, int64_t width, Random& random) const {
  functional::AffineParameters result{.angle = random.uniform(options_.degrees.low, options_.degrees.high)};
  if (const auto& move = options_.translate) {
    const auto drawn = [&](double share, int64_t size) {
      const double most = share * static_cast<double>(size);
      return std::nearbyint(random.uniform(-most, most));
    };
    result.translate[0] = drawn((*move)[0], width);
    result.translate[1] = drawn((*move)[1], height);
  }
  if (const auto& scale = options_.scale) result.scale = random.uniform((*scale)[0], (*scale)[1]);
  const auto& shear = options_.shear;
  for (size_t i = 0; i < shear.size(); i += 2) result.shear[i / 2] = random.uniform(shear[i], shear[i + 1]);
  return result;
}

at::Tensor RandomAffine::operator()(const at::Tensor& image, Random& random) const {
  functional::check_image("RandomAffine", image);
  return functional::affine(image, parameters(image.size(-2), image.size(-1), random),
                            {options_.interpolation, options_.fill.values, options_.center});
}

std::string RandomAffine::repr() const {
  std::string text = "RandomAffine(degrees=" + python_list({options_.degrees.low, options_.degrees.high});
  if (options_.translate) text += ", translate=" + tuple(*options_.translate);
  if (options_.scale) text += ", scale=" + tuple(*options_.scale);
  if (!options_.shear.empty()) text += ", shear=" + python_list(options_.shear);
  if (options_.interpolation != InterpolationMode::kNearest) {
    text += std::string(", interpolation=") + value_of(options_.interpolation);
  }
  if (!options_.fill.single || options_.fill.values[0] != 0) text += ", fill=" + to_text(options_.fill);
  if (options_.center) text += ", center=" + number_tuple({(*options_.center)[0], (*options_.center)[1]});
  return text + ")";
}

}  // namespace torch_ext::transforms

#include "libtorch_ext/data/transforms/augmentation.h"

#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

#include "libtorch_ext/data/transforms/functional/color.h"
#include "libtorch_ext/data/transforms/functional/filter.h"

namespace torch_ext::transforms {

std::vector<double> Augmentation::magnitudes(int64_t bins) const {
  if (!has_levels) return {0};
  std::vector<double> result;
  if (drops_bits) {
    const auto step = static_cast<float>(static_cast<double>(bins - 1) / strongest);
    for (int64_t bin = 0; bin < bins; ++bin) result.push_back(8 - std::nearbyint(static_cast<float>(bin) / step));
    return result;
  }
  const at::Tensor steps = at::linspace(weakest, strongest, bins, at::kFloat);
  for (int64_t bin = 0; bin < bins; ++bin) result.push_back(steps.const_data_ptr<float>()[bin]);
  return result;
}

namespace {

struct Strengths {
  double shear, move_x, move_y, turn, factor, bits;
};

std::vector<Augmentation> augmentations(const Strengths& strongest) {
  const auto to_both_sides = [](const char* name, double most) { return Augmentation{name, 0, most, true}; };
  const auto without_level = [](const char* name) { return Augmentation{name, 0, 0, false, false}; };
  return {without_level("Identity"),
          to_both_sides("ShearX", strongest.shear),
          to_both_sides("ShearY", strongest.shear),
          to_both_sides("TranslateX", strongest.move_x),
          to_both_sides("TranslateY", strongest.move_y),
          to_both_sides("Rotate", strongest.turn),
          to_both_sides("Brightness", strongest.factor),
          to_both_sides("Color", strongest.factor),
          to_both_sides("Contrast", strongest.factor),
          to_both_sides("Sharpness", strongest.factor),
          Augmentation{"Posterize", 0, strongest.bits, false, true, true},
          Augmentation{"Solarize", 255, 0, false},
          without_level("AutoContrast"),
          without_level("Equalize")};
}

}  // namespace

std::vector<Augmentation> rand_augmentations(int64_t height, int64_t width) {
  const double share = 150.0 / 331.0;
  return augmentations({.shear = 0.3,
                        .move_x = share * static_cast<double>(width),
                        .move_y = share * static_cast<double>(height),
                        .turn = 30,
                        .factor = 0.9,
                        .bits = 4});
}

std::vector<Augmentation> wide_augmentations() {
  return augmentations({.shear = 0.99, .move_x = 32, .move_y = 32, .turn = 135, .factor = 0.99, .bits = 6});
}

at::Tensor augmented(const at::Tensor& image, const std::string& name, double magnitude,
                     const functional::WarpOptions& options) {
  const auto sheared = [&](std::array<double, 2> shear) {
    functional::WarpOptions at_corner = options;
    at_corner.center = {{0, 0}};
    return functional::affine(image, {.shear = shear}, at_corner);
  };
  const auto moved = [&](double x, double y) {
    return functional::affine(image, {.translate = {std::trunc(x), std::trunc(y)}}, options);
  };
  const double degrees = std::atan(magnitude) * (180 / std::numbers::pi);
  if (name == "Identity") return image;
  if (name == "ShearX") return sheared({degrees, 0});
  if (name == "ShearY") return sheared({0, degrees});
  if (name == "TranslateX") return moved(magnitude, 0);
  if (name == "TranslateY") return moved(0, magnitude);
  if (name == "Rotate") return functional::rotate(image, magnitude, options);
  if (name == "Brightness") return functional::adjust_brightness(image, 1 + magnitude);
  if (name == "Color") return functional::adjust_saturation(image, 1 + magnitude);
  if (name == "Contrast") return functional::adjust_contrast(image, 1 + magnitude);
  if (name == "Sharpness") return functional::adjust_sharpness(image, 1 + magnitude);
  if (name == "Posterize") return functional::posterize(image, static_cast<int64_t>(magnitude));
  if (name == "Solarize") return functional::solarize(image, magnitude);
  if (name == "AutoContrast") return functional::autocontrast(image);
  if (name == "Equalize") return functional::equalize(image);
  if (name == "Invert") return functional::invert(image);
  TORCH_CHECK_VALUE(false, "augmented: no augmentation is called \"", name, "\"");
}

}  // namespace torch_ext::transforms

#include "libtorch_ext/data/transforms/random_color.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/data/transforms/functional/color.h"
#include "libtorch_ext/data/transforms/functional/filter.h"
#include "libtorch_ext/data/transforms/text.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::transforms {

RandomInvert::RandomInvert(double p) : p_(p) { check_probability("RandomInvert", p); }

at::Tensor RandomInvert::operator()(const at::Tensor& image, Random& random) const {
  return random.chance(p_) ? functional::invert(image) : image;
}

std::string RandomInvert::repr() const { return "RandomInvert(p=" + formats::python_float(p_) + ")"; }

RandomPosterize::RandomPosterize(int64_t bits, double p) : bits_(bits), p_(p) {
  check_probability("RandomPosterize", p);
  TORCH_CHECK_VALUE(bits >= 0 && bits <= 8, "RandomPosterize: bits is ", bits, "; expected a number from 0 to 8");
}

at::Tensor RandomPosterize::operator()(const at::Tensor& image, Random& random) const {
  return random.chance(p_) ? functional::posterize(image, bits_) : image;
}

std::string RandomPosterize::repr() const {
  return "RandomPosterize(bits=" + std::to_string(bits_) + ",p=" + formats::python_float(p_) + ")";
}

RandomSolarize::RandomSolarize(double threshold, double p) : threshold_(threshold), p_(p) {
  check_probability("RandomSolarize", p);
}

at::Tensor RandomSolarize::operator()(const at::Tensor& image, Random& random) const {
  return random.chance(p_) ? functional::solarize(image, threshold_) : image;
}

std::string RandomSolarize::repr() const {
  return "RandomSolarize(threshold=" + python_number(threshold_) + ",p=" + formats::python_float(p_) + ")";
}

RandomAdjustSharpness::RandomAdjustSharpness(double sharpness_factor, double p)
    : sharpness_factor_(sharpness_factor), p_(p) {
  check_probability("RandomAdjustSharpness", p);
  TORCH_CHECK_VALUE(sharpness_factor >= 0, "RandomAdjustSharpness: sharpness_factor is ", sharpness_factor,
                    "; expected a number of at least 0");
}

at::Tensor RandomAdjustSharpness::operator()(const at::Tensor& image, Random& random) const {
  return random.chance(p_) ? functional::adjust_sharpness(image, sharpness_factor_) : image;
}

std::string RandomAdjustSharpness::repr() const {
  return "RandomAdjustSharpness(sharpness_factor=" + python_number(sharpness_factor_) +
         ",p=" + formats::python_float(p_) + ")";
}

RandomAutocontrast::RandomAutocontrast(double p) : p_(p) { check_probability("RandomAutocontrast", p); }

at::Tensor RandomAutocontrast::operator()(const at::Tensor& image, Random& random) const {
  return random.chance(p_) ? functional::autocontrast(image) : image;
}

std::string RandomAutocontrast::repr() const { return "RandomAutocontrast(p=" + formats::python_float(p_) + ")"; }

RandomEqualize::RandomEqualize(double p) : p_(p) { check_probability("RandomEqualize", p); }

at::Tensor RandomEqualize::operator()(const at::Tensor& image, Random& random) const {
  return random.chance(p_) ? functional::equalize(image) : image;
}

std::string RandomEqualize::repr() const { return "RandomEqualize(p=" + formats::python_float(p_) + ")"; }

}  // namespace torch_ext::transforms

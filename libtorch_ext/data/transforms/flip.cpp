#include "libtorch_ext/data/transforms/flip.h"

#include "libtorch_ext/data/transforms/functional/geometry.h"
#include "libtorch_ext/data/transforms/text.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::transforms {

RandomHorizontalFlip::RandomHorizontalFlip(double p) : p_(p) { check_probability("RandomHorizontalFlip", p); }

at::Tensor RandomHorizontalFlip::operator()(const at::Tensor& image, Random& random) const {
  return flips(random) ? functional::hflip(image) : image;
}

std::string RandomHorizontalFlip::repr() const { return "RandomHorizontalFlip(p=" + formats::python_float(p_) + ")"; }

RandomVerticalFlip::RandomVerticalFlip(double p) : p_(p) { check_probability("RandomVerticalFlip", p); }

at::Tensor RandomVerticalFlip::operator()(const at::Tensor& image, Random& random) const {
  return flips(random) ? functional::vflip(image) : image;
}

std::string RandomVerticalFlip::repr() const { return "RandomVerticalFlip(p=" + formats::python_float(p_) + ")"; }

}  // namespace torch_ext::transforms

#include "libtorch_ext/data/transforms/grayscale.h"

#include "libtorch_ext/data/transforms/functional/check.h"
#include "libtorch_ext/data/transforms/functional/color.h"
#include "libtorch_ext/data/transforms/text.h"
#include "libtorch_ext/formats/python_float.h"

namespace torch_ext::transforms {

Grayscale::Grayscale(int64_t num_output_channels) : num_output_channels_(num_output_channels) {
  TORCH_CHECK_VALUE(num_output_channels == 1 || num_output_channels == 3, "Grayscale: num_output_channels is ",
                    num_output_channels, "; expected 1 or 3");
}

at::Tensor Grayscale::operator()(const at::Tensor& image, Random&) const {
  return functional::rgb_to_grayscale(image, num_output_channels_);
}

std::string Grayscale::repr() const {
  return "Grayscale(num_output_channels=" + std::to_string(num_output_channels_) + ")";
}

RandomGrayscale::RandomGrayscale(double p) : p_(p) { check_probability("RandomGrayscale", p); }

at::Tensor RandomGrayscale::operator()(const at::Tensor& image, Random& random) const {
  functional::check_channels("RandomGrayscale", image, {1, 3});
  return random.chance(p_) ? functional::rgb_to_grayscale(image, image.size(-3)) : image;
}

std::string RandomGrayscale::repr() const { return "RandomGrayscale(p=" + formats::python_float(p_) + ")"; }

}  // namespace torch_ext::transforms

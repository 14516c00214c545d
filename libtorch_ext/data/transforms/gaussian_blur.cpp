#include "libtorch_ext/data/transforms/gaussian_blur.h"

#include <c10/util/Exception.h>

#include "libtorch_ext/data/transforms/functional/filter.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

GaussianBlur::GaussianBlur(Size kernel_size, Range sigma) : kernel_size_(kernel_size), sigma_(sigma) {
  const auto odd = [](int64_t number) { return number > 0 && number % 2 == 1; };
  TORCH_CHECK_VALUE(odd(kernel_size.height) && odd(kernel_size.width), "GaussianBlur: kernel_size is ",
                    to_tuple(kernel_size), "; expected odd numbers above 0");
  TORCH_CHECK_VALUE(sigma.low > 0 && sigma.low <= sigma.high, "GaussianBlur: sigma is ",
                    python_tuple({sigma.low, sigma.high}), "; expected (least, largest), both above 0");
}

at::Tensor GaussianBlur::operator()(const at::Tensor& image, Random& random) const {
  const double sigma = random.uniform(sigma_.low, sigma_.high);
  return functional::gaussian_blur(image, {kernel_size_.height, kernel_size_.width}, {{sigma, sigma}});
}

std::string GaussianBlur::repr() const {
  return "GaussianBlur(kernel_size=" + to_tuple(kernel_size_) + ", sigma=" + python_tuple({sigma_.low, sigma_.high}) +
         ")";
}

}  // namespace torch_ext::transforms

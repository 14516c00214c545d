#include "libtorch_ext/data/transforms/resize.h"

#include "libtorch_ext/data/transforms/functional/geometry.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

Resize::Resize(ResizeOptions options) : options_(options) {
  check_size("Resize", options_.size);
  functional::resized_size(1, 1, options_.size, options_.max_size);
}

at::Tensor Resize::operator()(const at::Tensor& image, Random&) const {
  return functional::resize(image, options_.size, options_.interpolation, options_.max_size, options_.antialias);
}

std::string Resize::repr() const {
  const Size& size = options_.size;
  return "Resize(size=" + (size.single ? std::to_string(size.height) : to_tuple(size)) +
         ", interpolation=" + value_of(options_.interpolation) +
         ", max_size=" + (options_.max_size ? std::to_string(*options_.max_size) : "None") +
         ", antialias=" + python_bool(options_.antialias) + ")";
}

}  // namespace torch_ext::transforms

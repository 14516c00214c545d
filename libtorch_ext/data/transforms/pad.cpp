#include "libtorch_ext/data/transforms/pad.h"

#include "libtorch_ext/data/transforms/functional/geometry.h"
#include "libtorch_ext/data/transforms/text.h"

namespace torch_ext::transforms {

at::Tensor Pad::operator()(const at::Tensor& image, Random&) const {
  return functional::pad(image, padding_, fill_, padding_mode_);
}

std::string Pad::repr() const {
  return "Pad(padding=" + to_text(padding_) + ", fill=" + python_number(fill_) +
         ", padding_mode=" + value_of(padding_mode_) + ")";
}

}  // namespace torch_ext::transforms

#include "libtorch_ext/data/transforms/transform.h"

namespace torch_ext::transforms {

at::Tensor Compose::operator()(const at::Tensor& image, Random& random) const {
  at::Tensor result = image;
  for (const auto& step : steps_) result = (*step)(result, random);
  return result;
}

std::string Compose::repr() const {
  std::string text = "Compose(";
  for (const auto& step : steps_) text += "\n    " + step->repr();
  return text + "\n)";
}

}  // namespace torch_ext::transforms

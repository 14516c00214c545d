#include "libtorch_ext/data/transforms/to_tensor.h"

#include "libtorch_ext/data/transforms/functional/values.h"

namespace torch_ext::transforms {

at::Tensor ToTensor::operator()(const at::Tensor& image, Random&) const { return functional::to_tensor(image); }

at::Tensor ConvertImageDtype::operator()(const at::Tensor& image, Random&) const {
  return functional::convert_image_dtype(image, dtype_);
}

}  // namespace torch_ext::transforms

#include "libtorch_ext/data/transforms/functional/check.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <string>

namespace torch_ext::transforms::functional {

void check_image(const char* subject, const at::Tensor& image) {
  TORCH_CHECK_VALUE(image.defined(), subject, ": the image is an undefined tensor; expected [C, H, W]");
  TORCH_CHECK_VALUE(image.dim() >= 2, subject, ": the image is ", image.sizes(), "; expected [C, H, W]");
}

void check_channels(const char* subject, const at::Tensor& image, std::initializer_list<int64_t> channels) {
  check_image(subject, image);
  std::string expected;
  for (const int64_t count : channels) expected += (expected.empty() ? "" : " or ") + std::to_string(count);
  TORCH_CHECK_VALUE(image.dim() >= 3 && std::find(channels.begin(), channels.end(), image.size(-3)) != channels.end(),
                    subject, ": the image is ", image.sizes(), "; expected [C, H, W] with ", expected, " channels");
}

int64_t channels_of(const at::Tensor& image) { return image.dim() < 3 ? 1 : image.size(-3); }

double max_value(at::ScalarType dtype) {
  switch (dtype) {
    case at::kByte:
      return 255;
    case at::kChar:
      return 127;
    case at::kShort:
      return 32767;
    case at::kUInt16:
      return 65535;
    case at::kInt:
      return 2147483647;
    case at::kLong:
      return 9223372036854775807.0;
    default:
      return 1;
  }
}

at::Tensor to_float(const at::Tensor& image) { return image.is_floating_point() ? image : image.to(at::kFloat); }

at::Tensor round_to(const at::Tensor& image, at::ScalarType dtype) {
  if (image.scalar_type() == dtype) return image;
  return (at::isIntegralType(dtype, false) ? image.round() : image).to(dtype);
}

}  // namespace torch_ext::transforms::functional

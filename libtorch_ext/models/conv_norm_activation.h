#pragma once

#include <torch/nn/pimpl.h>

#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// Which function follows a normalization.
enum class ActivationKind { kNone, kReLU, kReLU6, kHardswish };

/// A convolution without bias that keeps the size (at stride 1), batch normalization, and an activation in place.
struct ConvNormActivationOptions {
  int64_t in_channels;
  int64_t out_channels;
  int64_t kernel_size = 3;
  int64_t stride = 1;
  int64_t groups = 1;
  ActivationKind activation = ActivationKind::kReLU;
  double eps = 1e-5;
  double momentum = 0.1;
};

/// torchvision's `ops.Conv2dNormActivation`: "0" is the convolution, "1" the normalization, "2" the activation.
class Conv2dNormActivationImpl : public SequentialBase<Conv2dNormActivationImpl> {
 public:
  explicit Conv2dNormActivationImpl(const ConvNormActivationOptions& options);
};
TORCH_MODULE(Conv2dNormActivation);

}  // namespace torch_ext

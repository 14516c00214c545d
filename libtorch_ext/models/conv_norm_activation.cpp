#include "libtorch_ext/models/conv_norm_activation.h"

#include <torch/torch.h>

#include "libtorch_ext/nn/activation.h"

namespace torch_ext {

Conv2dNormActivationImpl::Conv2dNormActivationImpl(const ConvNormActivationOptions& options) {
  push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(options.in_channels, options.out_channels, options.kernel_size)
                                  .stride(options.stride)
                                  .padding((options.kernel_size - 1) / 2)
                                  .groups(options.groups)
                                  .bias(false)));
  push_back(torch::nn::BatchNorm2d(
      torch::nn::BatchNorm2dOptions(options.out_channels).eps(options.eps).momentum(options.momentum)));
  switch (options.activation) {
    case ActivationKind::kNone:
      break;
    case ActivationKind::kReLU:
      push_back(torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)));
      break;
    case ActivationKind::kReLU6:
      push_back(torch::nn::ReLU6(torch::nn::ReLU6Options(/*inplace=*/true)));
      break;
    case ActivationKind::kHardswish:
      push_back(Hardswish(true));
      break;
  }
}

}  // namespace torch_ext

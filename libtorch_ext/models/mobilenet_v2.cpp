#include "libtorch_ext/models/mobilenet_v2.h"

#include <torch/torch.h>

#include "libtorch_ext/models/check_options.h"
#include "libtorch_ext/models/conv_norm_activation.h"
#include "libtorch_ext/models/mobilenet_init.h"

namespace torch_ext {
namespace mobilenet_v2_parts {

// Widens, filters each channel alone, narrows, and adds its input where the shapes agree.
class InvertedResidualImpl : public torch::nn::Cloneable<InvertedResidualImpl> {
 public:
  InvertedResidualImpl(int64_t inputs, int64_t outputs, int64_t stride, int64_t expansion)
      : inputs_(inputs), outputs_(outputs), stride_(stride), expansion_(expansion) {
    reset();
  }

  void reset() override {
    const int64_t hidden = inputs_ * expansion_;
    Sequential conv;
    if (expansion_ != 1) conv->push_back(norm_relu6(inputs_, hidden, 1));
    conv->push_back(Conv2dNormActivation(ConvNormActivationOptions{.in_channels = hidden,
                                                                   .out_channels = hidden,
                                                                   .stride = stride_,
                                                                   .groups = hidden,
                                                                   .activation = ActivationKind::kReLU6}));
    conv->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(hidden, outputs_, 1).bias(false)));
    conv->push_back(torch::nn::BatchNorm2d(outputs_));
    conv_ = register_module("conv", conv);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = conv_->forward(x);
    return stride_ == 1 && inputs_ == outputs_ ? x + y : y;
  }

  static Conv2dNormActivation norm_relu6(int64_t inputs, int64_t outputs, int64_t kernel_size, int64_t stride = 1) {
    return Conv2dNormActivation(ConvNormActivationOptions{.in_channels = inputs,
                                                          .out_channels = outputs,
                                                          .kernel_size = kernel_size,
                                                          .stride = stride,
                                                          .activation = ActivationKind::kReLU6});
  }

 private:
  int64_t inputs_, outputs_, stride_, expansion_;
  Sequential conv_ = nullptr;
};
TORCH_MODULE(InvertedResidual);

struct Stage {
  int64_t expansion, channels, blocks, stride;
};

constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr int64_t kLastChannels = 1280;

}  // namespace mobilenet_v2_parts

MobileNetV2Impl::MobileNetV2Impl(const ModelOptions& options) : options_(options) {
  detail::check_rgb_options("MobileNetV2", options);
  reset();
}

void MobileNetV2Impl::reset() {
  using mobilenet_v2_parts::InvertedResidual, mobilenet_v2_parts::InvertedResidualImpl;
  Sequential features;
  int64_t channels = 32;
  features->push_back(InvertedResidualImpl::norm_relu6(3, channels, 3, 2));
  for (const auto& stage : mobilenet_v2_parts::kStages) {
    for (int64_t i = 0; i < stage.blocks; ++i) {
      features->push_back(InvertedResidual(channels, stage.channels, i == 0 ? stage.stride : 1, stage.expansion));
      channels = stage.channels;
    }
  }
  features->push_back(InvertedResidualImpl::norm_relu6(channels, mobilenet_v2_parts::kLastChannels, 1));
  features_ = register_module("features", features);
  Sequential classifier;
  classifier->push_back(torch::nn::Dropout(0.2));
  classifier->push_back(torch::nn::Linear(mobilenet_v2_parts::kLastChannels, options_.num_classes));
  classifier_ = register_module("classifier", classifier);
  detail::initialize_mobilenet(*this);
}

torch::Tensor MobileNetV2Impl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    return classifier_->forward(at::adaptive_avg_pool2d(features_->forward(x), {1, 1}).flatten(1));
  };
  return observed(*this, run, x);
}

MobileNetV2 mobilenet_v2(const ModelOptions& options) { return MobileNetV2(options); }

}  // namespace torch_ext

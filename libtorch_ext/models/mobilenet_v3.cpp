#include "libtorch_ext/models/mobilenet_v3.h"

#include <torch/torch.h>

#include <algorithm>

#include "libtorch_ext/models/check_options.h"
#include "libtorch_ext/models/conv_norm_activation.h"
#include "libtorch_ext/models/global_avg_pool.h"
#include "libtorch_ext/models/mobilenet_init.h"
#include "libtorch_ext/nn/activation.h"

namespace torch_ext {
namespace mobilenet_v3_parts {

constexpr double kEps = 0.001;
constexpr double kMomentum = 0.01;

// The nearest multiple of 8, but not below nine tenths.
int64_t divisible_by_8(int64_t channels) {
  const int64_t rounded = std::max<int64_t>(8, (channels + 4) / 8 * 8);
  return 10 * rounded < 9 * channels ? rounded + 8 : rounded;
}

// Scales each channel by what all of them are like on the average.
class SqueezeExcitationImpl : public torch::nn::Cloneable<SqueezeExcitationImpl> {
 public:
  SqueezeExcitationImpl(int64_t channels, int64_t squeezed) : channels_(channels), squeezed_(squeezed) { reset(); }

  void reset() override {
    avgpool_ = register_module("avgpool", global_avg_pool());
    fc1_ = register_module("fc1", torch::nn::Conv2d(torch::nn::Conv2dOptions(channels_, squeezed_, 1)));
    fc2_ = register_module("fc2", torch::nn::Conv2d(torch::nn::Conv2dOptions(squeezed_, channels_, 1)));
    activation_ = register_module("activation", torch::nn::ReLU());
    scale_activation_ = register_module("scale_activation", Hardsigmoid());
  }

  torch::Tensor forward(const torch::Tensor& x) { return scale_activation_(fc2_(activation_(fc1_(avgpool_(x))))) * x; }

 private:
  int64_t channels_, squeezed_;
  torch::nn::AdaptiveAvgPool2d avgpool_ = nullptr;
  torch::nn::Conv2d fc1_ = nullptr, fc2_ = nullptr;
  torch::nn::ReLU activation_ = nullptr;
  Hardsigmoid scale_activation_ = nullptr;
};
TORCH_MODULE(SqueezeExcitation);

class InvertedResidualImpl : public torch::nn::Cloneable<InvertedResidualImpl> {
 public:
  explicit InvertedResidualImpl(MobileNetV3Block layout) : layout_(layout) { reset(); }

  void reset() override {
    const auto activation = layout_.hardswish ? ActivationKind::kHardswish : ActivationKind::kReLU;
    const auto conv = [&](ConvNormActivationOptions options) {
      options.eps = kEps;
      options.momentum = kMomentum;
      return Conv2dNormActivation(options);
    };
    Sequential block;
    if (layout_.expanded != layout_.inputs) {
      block->push_back(conv({.in_channels = layout_.inputs,
                             .out_channels = layout_.expanded,
                             .kernel_size = 1,
                             .activation = activation}));
    }
    block->push_back(conv({.in_channels = layout_.expanded,
                           .out_channels = layout_.expanded,
                           .kernel_size = layout_.kernel_size,
                           .stride = layout_.stride,
                           .groups = layout_.expanded,
                           .activation = activation}));
    if (layout_.squeeze_excitation) {
      block->push_back(SqueezeExcitation(layout_.expanded, divisible_by_8(layout_.expanded / 4)));
    }
    block->push_back(conv({.in_channels = layout_.expanded,
                           .out_channels = layout_.outputs,
                           .kernel_size = 1,
                           .activation = ActivationKind::kNone}));
    block_ = register_module("block", block);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor y = block_->forward(x);
    return layout_.stride == 1 && layout_.inputs == layout_.outputs ? y.add_(x) : y;
  }

 private:
  MobileNetV3Block layout_;
  Sequential block_ = nullptr;
};
TORCH_MODULE(InvertedResidual);

}  // namespace mobilenet_v3_parts

MobileNetV3Impl::MobileNetV3Impl(MobileNetV3Layout layout, const ModelOptions& options)
    : layout_(std::move(layout)), options_(options) {
  detail::check_rgb_options("MobileNetV3", options);
  TORCH_CHECK_VALUE(!layout_.blocks.empty(), "MobileNetV3: found no blocks, expected some");
  reset();
}

void MobileNetV3Impl::reset() {
  namespace parts = mobilenet_v3_parts;
  const auto conv = [](int64_t inputs, int64_t outputs, int64_t kernel_size, int64_t stride) {
    return Conv2dNormActivation(ConvNormActivationOptions{.in_channels = inputs,
                                                          .out_channels = outputs,
                                                          .kernel_size = kernel_size,
                                                          .stride = stride,
                                                          .activation = ActivationKind::kHardswish,
                                                          .eps = parts::kEps,
                                                          .momentum = parts::kMomentum});
  };
  Sequential features;
  features->push_back(conv(3, layout_.blocks.front().inputs, 3, 2));
  for (const MobileNetV3Block& block : layout_.blocks) features->push_back(parts::InvertedResidual(block));
  const int64_t channels = layout_.blocks.back().outputs;
  features->push_back(conv(channels, 6 * channels, 1, 1));
  features_ = register_module("features", features);
  avgpool_ = register_module("avgpool", global_avg_pool());
  Sequential classifier;
  classifier->push_back(torch::nn::Linear(6 * channels, layout_.last_channels));
  classifier->push_back(Hardswish(true));
  classifier->push_back(torch::nn::Dropout(torch::nn::DropoutOptions(0.2).inplace(true)));
  classifier->push_back(torch::nn::Linear(layout_.last_channels, options_.num_classes));
  classifier_ = register_module("classifier", classifier);
  detail::initialize_mobilenet(*this);
}

torch::Tensor MobileNetV3Impl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    return classifier_->forward(avgpool_(features_->forward(x)).flatten(1));
  };
  return observed(*this, run, x);
}

MobileNetV3 mobilenet_v3_large(const ModelOptions& options) {
  return MobileNetV3(MobileNetV3Layout{.blocks = {{16, 3, 16, 16, false, false, 1},
                                                  {16, 3, 64, 24, false, false, 2},
                                                  {24, 3, 72, 24, false, false, 1},
                                                  {24, 5, 72, 40, true, false, 2},
                                                  {40, 5, 120, 40, true, false, 1},
                                                  {40, 5, 120, 40, true, false, 1},
                                                  {40, 3, 240, 80, false, true, 2},
                                                  {80, 3, 200, 80, false, true, 1},
                                                  {80, 3, 184, 80, false, true, 1},
                                                  {80, 3, 184, 80, false, true, 1},
                                                  {80, 3, 480, 112, true, true, 1},
                                                  {112, 3, 672, 112, true, true, 1},
                                                  {112, 5, 672, 160, true, true, 2},
                                                  {160, 5, 960, 160, true, true, 1},
                                                  {160, 5, 960, 160, true, true, 1}},
                                       .last_channels = 1280},
                     options);
}

MobileNetV3 mobilenet_v3_small(const ModelOptions& options) {
  return MobileNetV3(MobileNetV3Layout{.blocks = {{16, 3, 16, 16, true, false, 2},
                                                  {16, 3, 72, 24, false, false, 2},
                                                  {24, 3, 88, 24, false, false, 1},
                                                  {24, 5, 96, 40, true, true, 2},
                                                  {40, 5, 240, 40, true, true, 1},
                                                  {40, 5, 240, 40, true, true, 1},
                                                  {40, 5, 120, 48, true, true, 1},
                                                  {48, 5, 144, 48, true, true, 1},
                                                  {48, 5, 288, 96, true, true, 2},
                                                  {96, 5, 576, 96, true, true, 1},
                                                  {96, 5, 576, 96, true, true, 1}},
                                       .last_channels = 1024},
                     options);
}

}  // namespace torch_ext

#include "libtorch_ext/models/vgg.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/models/check_options.h"

namespace torch_ext {
namespace {

constexpr std::array<int64_t, 5> kVggChannels{64, 128, 256, 512, 512};

torch::nn::ReLU vgg_relu() { return torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)); }

Sequential vgg_features(const VggLayout& layout) {
  Sequential features;
  int64_t channels = 3;
  for (size_t stage = 0; stage < kVggChannels.size(); ++stage) {
    for (int64_t i = 0; i < layout.convolutions[stage]; ++i) {
      features->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, kVggChannels[stage], 3).padding(1)));
      channels = kVggChannels[stage];
      if (layout.batch_norm) features->push_back(torch::nn::BatchNorm2d(channels));
      features->push_back(vgg_relu());
    }
    features->push_back(torch::nn::MaxPool2d(torch::nn::MaxPool2dOptions(2).stride(2)));
  }
  return features;
}

}  // namespace

VGGImpl::VGGImpl(VggLayout layout, const ModelOptions& options) : layout_(layout), options_(options) {
  detail::check_rgb_options("VGG", options);
  for (const int64_t count : layout_.convolutions) {
    TORCH_CHECK_VALUE(count > 0, "VGG: found ", count, " convolutions in a stage, expected a positive number");
  }
  reset();
}

void VGGImpl::reset() {
  features_ = register_module("features", vgg_features(layout_));
  avgpool_ = register_module("avgpool", torch::nn::AdaptiveAvgPool2d(7));
  Sequential classifier;
  classifier->push_back(torch::nn::Linear(512 * 7 * 7, 4096));
  classifier->push_back(vgg_relu());
  classifier->push_back(torch::nn::Dropout(0.5));
  classifier->push_back(torch::nn::Linear(4096, 4096));
  classifier->push_back(vgg_relu());
  classifier->push_back(torch::nn::Dropout(0.5));
  classifier->push_back(torch::nn::Linear(4096, options_.num_classes));
  classifier_ = register_module("classifier", classifier);

  for (const auto& module : torch_ext::modules(*this)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
      torch::nn::init::zeros_(conv->bias);
    } else if (auto* linear = module->as<torch::nn::Linear>()) {
      torch::nn::init::normal_(linear->weight, 0, 0.01);
      torch::nn::init::zeros_(linear->bias);
    }
  }
}

torch::Tensor VGGImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    return classifier_->forward(avgpool_(features_->forward(x)).flatten(1));
  };
  return observed(*this, run, x);
}

VGG vgg11(const ModelOptions& options) { return VGG(VggLayout{.convolutions = {1, 1, 2, 2, 2}}, options); }
VGG vgg11_bn(const ModelOptions& options) {
  return VGG(VggLayout{.convolutions = {1, 1, 2, 2, 2}, .batch_norm = true}, options);
}
VGG vgg13(const ModelOptions& options) { return VGG(VggLayout{.convolutions = {2, 2, 2, 2, 2}}, options); }
VGG vgg13_bn(const ModelOptions& options) {
  return VGG(VggLayout{.convolutions = {2, 2, 2, 2, 2}, .batch_norm = true}, options);
}
VGG vgg16(const ModelOptions& options) { return VGG(VggLayout{.convolutions = {2, 2, 3, 3, 3}}, options); }
VGG vgg16_bn(const ModelOptions& options) {
  return VGG(VggLayout{.convolutions = {2, 2, 3, 3, 3}, .batch_norm = true}, options);
}
VGG vgg19(const ModelOptions& options) { return VGG(VggLayout{.convolutions = {2, 2, 4, 4, 4}}, options); }
VGG vgg19_bn(const ModelOptions& options) {
  return VGG(VggLayout{.convolutions = {2, 2, 4, 4, 4}, .batch_norm = true}, options);
}

}  // namespace torch_ext

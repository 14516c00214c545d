#include "libtorch_ext/models/resnet9.h"

#include <torch/torch.h>

namespace torch_ext {
namespace {

void append_conv_norm_relu(Sequential& layers, int64_t in, int64_t out) {
  layers->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1).bias(false)));
  layers->push_back(torch::nn::BatchNorm2d(out));
  layers->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)));
}

Sequential conv_norm_relu(int64_t in, int64_t out, bool pools) {
  Sequential layers;
  append_conv_norm_relu(layers, in, out);
  if (pools) layers->push_back(torch::nn::MaxPool2d(2));
  return layers;
}

Sequential residual_pair(int64_t channels) {
  Sequential layers;
  append_conv_norm_relu(layers, channels, channels);
  append_conv_norm_relu(layers, channels, channels);
  return layers;
}

}  // namespace

ResNet9Impl::ResNet9Impl(const ModelOptions& options, int64_t width) : options_(options), width_(width) { reset(); }

void ResNet9Impl::reset() {
  prep_ = register_module("prep", conv_norm_relu(options_.in_channels, width_, false));
  layer1_ = register_module("layer1", conv_norm_relu(width_, 2 * width_, true));
  residual1_ = register_module("residual1", residual_pair(2 * width_));
  layer2_ = register_module("layer2", conv_norm_relu(2 * width_, 4 * width_, true));
  layer3_ = register_module("layer3", conv_norm_relu(4 * width_, 8 * width_, true));
  residual3_ = register_module("residual3", residual_pair(8 * width_));
  fc_ = register_module("fc", torch::nn::Linear(8 * width_, options_.num_classes));
}

torch::Tensor ResNet9Impl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    auto y = layer1_->forward(prep_->forward(x));
    y = y + residual1_->forward(y);
    y = layer3_->forward(layer2_->forward(y));
    y = y + residual3_->forward(y);
    return fc_(y.amax({2, 3}));
  };
  return observed(*this, run, x);
}

ResNet9 resnet9(const ModelOptions& options) { return ResNet9(options, 24); }

}  // namespace torch_ext

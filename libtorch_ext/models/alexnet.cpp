#include "libtorch_ext/models/alexnet.h"

#include <torch/torch.h>

#include "libtorch_ext/models/check_options.h"

namespace torch_ext {
namespace {

torch::nn::Conv2d alexnet_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding));
}
torch::nn::ReLU alexnet_relu() { return torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)); }
torch::nn::MaxPool2d alexnet_pool() { return torch::nn::MaxPool2d(torch::nn::MaxPool2dOptions(3).stride(2)); }

}  // namespace

AlexNetImpl::AlexNetImpl(const ModelOptions& options) : options_(options) {
  detail::check_rgb_options("AlexNet", options);
  reset();
}

void AlexNetImpl::reset() {
  // Statements, not arguments of one call: their order is the order of the random numbers.
  Sequential features;
  features->push_back(alexnet_conv(3, 64, 11, 4, 2));
  features->push_back(alexnet_relu());
  features->push_back(alexnet_pool());
  features->push_back(alexnet_conv(64, 192, 5, 1, 2));
  features->push_back(alexnet_relu());
  features->push_back(alexnet_pool());
  features->push_back(alexnet_conv(192, 384, 3, 1, 1));
  features->push_back(alexnet_relu());
  features->push_back(alexnet_conv(384, 256, 3, 1, 1));
  features->push_back(alexnet_relu());
  features->push_back(alexnet_conv(256, 256, 3, 1, 1));
  features->push_back(alexnet_relu());
  features->push_back(alexnet_pool());
  features_ = register_module("features", features);
  avgpool_ = register_module("avgpool", torch::nn::AdaptiveAvgPool2d(6));

  Sequential classifier;
  classifier->push_back(torch::nn::Dropout(0.5));
  classifier->push_back(torch::nn::Linear(256 * 6 * 6, 4096));
  classifier->push_back(alexnet_relu());
  classifier->push_back(torch::nn::Dropout(0.5));
  classifier->push_back(torch::nn::Linear(4096, 4096));
  classifier->push_back(alexnet_relu());
  classifier->push_back(torch::nn::Linear(4096, options_.num_classes));
  classifier_ = register_module("classifier", classifier);
}

torch::Tensor AlexNetImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    return classifier_->forward(avgpool_(features_->forward(x)).flatten(1));
  };
  return observed(*this, run, x);
}

AlexNet alexnet(const ModelOptions& options) { return AlexNet(options); }

}  // namespace torch_ext

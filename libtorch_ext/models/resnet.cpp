#include "libtorch_ext/models/resnet.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

using torch::nn::BatchNorm2d;
using torch::nn::Conv2d;
using torch::nn::Conv2dOptions;
using torch::nn::ReLU;

Conv2d conv3x3(int64_t in, int64_t out, int64_t stride = 1) {
  return Conv2d(Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false));
}

Conv2d conv1x1(int64_t in, int64_t out, int64_t stride) {
  return Conv2d(Conv2dOptions(in, out, 1).stride(stride).bias(false));
}

Conv2d stem(int64_t in) { return Conv2d(Conv2dOptions(in, 64, 7).stride(2).padding(3).bias(false)); }

class BasicBlockImpl : public torch::nn::Cloneable<BasicBlockImpl> {
 public:
  BasicBlockImpl(int64_t in, int64_t planes, int64_t stride) : in_(in), planes_(planes), stride_(stride) { reset(); }

  void reset() override {
    // torchvision makes `downsample` before its block, and registers it last.
    if (stride_ != 1 || in_ != planes_) downsample_ = Sequential(conv1x1(in_, planes_, stride_), BatchNorm2d(planes_));
    conv1_ = register_module("conv1", conv3x3(in_, planes_, stride_));
    bn1_ = register_module("bn1", BatchNorm2d(planes_));
    relu_ = register_module("relu", ReLU(torch::nn::ReLUOptions(/*inplace=*/true)));
    conv2_ = register_module("conv2", conv3x3(planes_, planes_));
    bn2_ = register_module("bn2", BatchNorm2d(planes_));
    if (downsample_) register_module("downsample", downsample_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor out = relu_(bn1_(conv1_(x)));
    out = bn2_(conv2_(out));
    out += downsample_ ? downsample_->forward(x) : x;
    return relu_(out);
  }

 private:
  int64_t in_, planes_, stride_;
  Sequential downsample_ = nullptr;
  Conv2d conv1_ = nullptr, conv2_ = nullptr;
  BatchNorm2d bn1_ = nullptr, bn2_ = nullptr;
  ReLU relu_ = nullptr;
};
TORCH_MODULE(BasicBlock);

}  // namespace

ResNetImpl::ResNetImpl(std::vector<int64_t> layers, const ModelOptions& options)
    : layers_(std::move(layers)), options_(options) {
  TORCH_CHECK_VALUE(layers_.size() == 4, "ResNet: found ", layers_.size(), " stages, expected 4");
  TORCH_CHECK_VALUE(options.num_classes > 0 && options.in_channels > 0,
                    "ResNet: found num_classes = ", options.num_classes, ", in_channels = ", options.in_channels,
                    ", expected positive numbers");
  reset();
}

void ResNetImpl::reset() {
  inplanes_ = 64;
  conv1_ = register_module("conv1", stem(3));
  bn1_ = register_module("bn1", BatchNorm2d(64));
  relu_ = register_module("relu", ReLU(torch::nn::ReLUOptions(/*inplace=*/true)));
  maxpool_ = register_module("maxpool", torch::nn::MaxPool2d(torch::nn::MaxPool2dOptions(3).stride(2).padding(1)));
  layer1_ = register_module("layer1", make_layer(64, layers_[0], 1));
  layer2_ = register_module("layer2", make_layer(128, layers_[1], 2));
  layer3_ = register_module("layer3", make_layer(256, layers_[2], 2));
  layer4_ = register_module("layer4", make_layer(512, layers_[3], 2));
  avgpool_ = register_module("avgpool", torch::nn::AdaptiveAvgPool2d(1));
  fc_ = register_module("fc", torch::nn::Linear(inplanes_, options_.num_classes));

  for (const auto& module : torch_ext::modules(*this)) {
    if (auto* conv = module->as<Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    }
  }
  if (options_.in_channels != 3) conv1_ = replace_module("conv1", stem(options_.in_channels));
}

Sequential ResNetImpl::make_layer(int64_t planes, int64_t blocks, int64_t stride) {
  Sequential layer(BasicBlock(inplanes_, planes, stride));
  inplanes_ = planes;
  for (int64_t i = 1; i < blocks; ++i) layer->push_back(BasicBlock(planes, planes, 1));
  return layer;
}

torch::Tensor ResNetImpl::forward(torch::Tensor x) {
  x = maxpool_(relu_(bn1_(conv1_(x))));
  x = layer4_->forward(layer3_->forward(layer2_->forward(layer1_->forward(x))));
  return fc_(avgpool_(x).flatten(1));
}

ResNet resnet18(const ModelOptions& options) { return ResNet(std::vector<int64_t>{2, 2, 2, 2}, options); }
ResNet resnet34(const ModelOptions& options) { return ResNet(std::vector<int64_t>{3, 4, 6, 3}, options); }

}  // namespace torch_ext

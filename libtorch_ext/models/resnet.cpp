#include "libtorch_ext/models/resnet.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/tree.h"

namespace torch_ext {
namespace {

using torch::nn::BatchNorm2d;
using torch::nn::Conv2d;
using torch::nn::Conv2dOptions;
using torch::nn::ReLU;

Conv2d conv3x3(int64_t in, int64_t out, int64_t stride = 1, int64_t groups = 1) {
  return Conv2d(Conv2dOptions(in, out, 3).stride(stride).padding(1).groups(groups).bias(false));
}

Conv2d conv1x1(int64_t in, int64_t out, int64_t stride = 1) {
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

constexpr int64_t kExpansion = 4;

class BottleneckImpl : public torch::nn::Cloneable<BottleneckImpl> {
 public:
  BottleneckImpl(int64_t in, int64_t width, int64_t out, int64_t stride, int64_t groups)
      : in_(in), width_(width), out_(out), stride_(stride), groups_(groups) {
    reset();
  }

  void reset() override {
    if (stride_ != 1 || in_ != out_) downsample_ = Sequential(conv1x1(in_, out_, stride_), BatchNorm2d(out_));
    conv1_ = register_module("conv1", conv1x1(in_, width_));
    bn1_ = register_module("bn1", BatchNorm2d(width_));
    conv2_ = register_module("conv2", conv3x3(width_, width_, stride_, groups_));
    bn2_ = register_module("bn2", BatchNorm2d(width_));
    conv3_ = register_module("conv3", conv1x1(width_, out_));
    bn3_ = register_module("bn3", BatchNorm2d(out_));
    relu_ = register_module("relu", ReLU(torch::nn::ReLUOptions(/*inplace=*/true)));
    if (downsample_) register_module("downsample", downsample_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor out = relu_(bn1_(conv1_(x)));
    out = relu_(bn2_(conv2_(out)));
    out = bn3_(conv3_(out));
    out += downsample_ ? downsample_->forward(x) : x;
    return relu_(out);
  }

 private:
  int64_t in_, width_, out_, stride_, groups_;
  Sequential downsample_ = nullptr;
  Conv2d conv1_ = nullptr, conv2_ = nullptr, conv3_ = nullptr;
  BatchNorm2d bn1_ = nullptr, bn2_ = nullptr, bn3_ = nullptr;
  ReLU relu_ = nullptr;
};
TORCH_MODULE(Bottleneck);

}  // namespace

ResNetImpl::ResNetImpl(ResNetLayout layout, const ModelOptions& options)
    : layout_(std::move(layout)), options_(options) {
  TORCH_CHECK_VALUE(layout_.layers.size() == 4, "ResNet: found ", layout_.layers.size(), " stages, expected 4");
  const bool plain = layout_.groups == 1 && layout_.width_per_group == 64;
  TORCH_CHECK_VALUE(plain || layout_.bottleneck, "ResNet: found groups = ", layout_.groups,
                    ", width_per_group = ", layout_.width_per_group,
                    " without bottleneck, expected 1 and 64; set bottleneck");
  TORCH_CHECK_VALUE(layout_.groups > 0 && layout_.width_per_group > 0, "ResNet: found groups = ", layout_.groups,
                    ", width_per_group = ", layout_.width_per_group, ", expected positive numbers");
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
  layer1_ = register_module("layer1", make_layer(64, layout_.layers[0], 1));
  layer2_ = register_module("layer2", make_layer(128, layout_.layers[1], 2));
  layer3_ = register_module("layer3", make_layer(256, layout_.layers[2], 2));
  layer4_ = register_module("layer4", make_layer(512, layout_.layers[3], 2));
  avgpool_ = register_module("avgpool", torch::nn::AdaptiveAvgPool2d(1));
  fc_ = register_module("fc", torch::nn::Linear(inplanes_, options_.num_classes));

  for (const auto& module : torch_ext::modules(*this)) {
    if (auto* conv = module->as<Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    }
  }
  if (options_.in_channels != 3) conv1_ = replace_module("conv1", stem(options_.in_channels));
}

TensorModule ResNetImpl::make_block(int64_t planes, int64_t stride) const {
  if (!layout_.bottleneck) return BasicBlock(inplanes_, planes, stride);
  const int64_t width = planes * layout_.width_per_group / 64 * layout_.groups;
  return Bottleneck(inplanes_, width, planes * kExpansion, stride, layout_.groups);
}

Sequential ResNetImpl::make_layer(int64_t planes, int64_t blocks, int64_t stride) {
  Sequential layer;
  for (int64_t i = 0; i < blocks; ++i) {
    layer->push_back(make_block(planes, i == 0 ? stride : 1));
    inplanes_ = layout_.bottleneck ? planes * kExpansion : planes;
  }
  return layer;
}

torch::Tensor ResNetImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    torch::Tensor features = layer1_->forward(maxpool_(relu_(bn1_(conv1_(x)))));
    features = layer4_->forward(layer3_->forward(layer2_->forward(features)));
    return fc_(avgpool_(features).flatten(1));
  };
  return observed(*this, run, x);
}

ResNet resnet18(const ModelOptions& options) { return ResNet(ResNetLayout{.layers = {2, 2, 2, 2}}, options); }
ResNet resnet34(const ModelOptions& options) { return ResNet(ResNetLayout{.layers = {3, 4, 6, 3}}, options); }
ResNet resnet50(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 6, 3}, .bottleneck = true}, options);
}
ResNet resnet101(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 23, 3}, .bottleneck = true}, options);
}
ResNet resnet152(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 8, 36, 3}, .bottleneck = true}, options);
}
ResNet resnext50_32x4d(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 6, 3}, .bottleneck = true, .groups = 32, .width_per_group = 4}, options);
}
ResNet resnext101_32x8d(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 23, 3}, .bottleneck = true, .groups = 32, .width_per_group = 8}, options);
}
ResNet resnext101_64x4d(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 23, 3}, .bottleneck = true, .groups = 64, .width_per_group = 4}, options);
}
ResNet wide_resnet50_2(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 6, 3}, .bottleneck = true, .width_per_group = 128}, options);
}
ResNet wide_resnet101_2(const ModelOptions& options) {
  return ResNet(ResNetLayout{.layers = {3, 4, 23, 3}, .bottleneck = true, .width_per_group = 128}, options);
}

}  // namespace torch_ext

#include "libtorch_ext/models/densenet.h"

#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/models/check_options.h"

namespace torch_ext {
namespace densenet_parts {

constexpr int64_t kBottleneck = 4;  // times the growth rate

torch::nn::ReLU relu() { return torch::nn::ReLU(torch::nn::ReLUOptions(/*inplace=*/true)); }

torch::nn::Conv2d conv(int64_t inputs, int64_t outputs, int64_t kernel_size) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(inputs, outputs, kernel_size).padding(kernel_size / 2).bias(false));
}

// Makes `growth_rate` channels of all those before.
class DenseLayerImpl : public torch::nn::Cloneable<DenseLayerImpl>, public ClassName {
 public:
  DenseLayerImpl(int64_t inputs, int64_t growth_rate) : inputs_(inputs), growth_rate_(growth_rate) { reset(); }

  void reset() override {
    norm1_ = register_module("norm1", torch::nn::BatchNorm2d(inputs_));
    relu1_ = register_module("relu1", relu());
    conv1_ = register_module("conv1", conv(inputs_, kBottleneck * growth_rate_, 1));
    norm2_ = register_module("norm2", torch::nn::BatchNorm2d(kBottleneck * growth_rate_));
    relu2_ = register_module("relu2", relu());
    conv2_ = register_module("conv2", conv(kBottleneck * growth_rate_, growth_rate_, 3));
  }

  torch::Tensor forward(const torch::Tensor& x) { return conv2_(relu2_(norm2_(conv1_(relu1_(norm1_(x)))))); }

  std::string class_name() const override { return "_DenseLayer"; }

 private:
  int64_t inputs_, growth_rate_;
  torch::nn::BatchNorm2d norm1_ = nullptr, norm2_ = nullptr;
  torch::nn::ReLU relu1_ = nullptr, relu2_ = nullptr;
  torch::nn::Conv2d conv1_ = nullptr, conv2_ = nullptr;
};
TORCH_MODULE(DenseLayer);

class DenseBlockImpl : public torch::nn::Cloneable<DenseBlockImpl>, public ClassName {
 public:
  DenseBlockImpl(int64_t layers, int64_t inputs, int64_t growth_rate)
      : count_(layers), inputs_(inputs), growth_rate_(growth_rate) {
    reset();
  }

  void reset() override {
    layers_.clear();
    for (int64_t i = 0; i < count_; ++i) {
      const DenseLayer layer(inputs_ + i * growth_rate_, growth_rate_);
      layers_.emplace_back(register_module("denselayer" + std::to_string(i + 1), layer));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    std::vector<torch::Tensor> features{x};
    for (const TensorModule& layer : layers_) features.push_back(layer.forward(at::cat(features, 1)));
    return at::cat(features, 1);
  }

  std::string class_name() const override { return "_DenseBlock"; }

 private:
  int64_t count_, inputs_, growth_rate_;
  std::vector<TensorModule> layers_;
};
TORCH_MODULE(DenseBlock);

class TransitionImpl : public SequentialBase<TransitionImpl>, public ClassName {
 public:
  TransitionImpl(int64_t inputs, int64_t outputs) {
    push_back("norm", torch::nn::BatchNorm2d(inputs));
    push_back("relu", relu());
    push_back("conv", conv(inputs, outputs, 1));
    push_back("pool", torch::nn::AvgPool2d(torch::nn::AvgPool2dOptions(2).stride(2)));
  }

  std::string class_name() const override { return "_Transition"; }
};
TORCH_MODULE(Transition);

}  // namespace densenet_parts

DenseNetImpl::DenseNetImpl(DenseNetLayout layout, const ModelOptions& options) : layout_(layout), options_(options) {
  detail::check_rgb_options("DenseNet", options);
  reset();
}

void DenseNetImpl::reset() {
  using densenet_parts::DenseBlock, densenet_parts::Transition;
  int64_t channels = layout_.init_features;
  Sequential features;
  features->push_back("conv0",
                      torch::nn::Conv2d(torch::nn::Conv2dOptions(3, channels, 7).stride(2).padding(3).bias(false)));
  features->push_back("norm0", torch::nn::BatchNorm2d(channels));
  features->push_back("relu0", densenet_parts::relu());
  features->push_back("pool0", torch::nn::MaxPool2d(torch::nn::MaxPool2dOptions(3).stride(2).padding(1)));
  for (size_t i = 0; i < layout_.layers.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    features->push_back("denseblock" + number, DenseBlock(layout_.layers[i], channels, layout_.growth_rate));
    channels += layout_.layers[i] * layout_.growth_rate;
    if (i + 1 == layout_.layers.size()) break;
    features->push_back("transition" + number, Transition(channels, channels / 2));
    channels /= 2;
  }
  features->push_back("norm5", torch::nn::BatchNorm2d(channels));
  features_ = register_module("features", features);
  classifier_ = register_module("classifier", torch::nn::Linear(channels, options_.num_classes));

  for (const auto& module : torch_ext::modules(*this)) {
    if (auto* conv = module->as<torch::nn::Conv2d>()) {
      torch::nn::init::kaiming_normal_(conv->weight);
    } else if (auto* linear = module->as<torch::nn::Linear>()) {
      torch::nn::init::zeros_(linear->bias);
    }
  }
}

torch::Tensor DenseNetImpl::forward(const torch::Tensor& x) {
  const auto run = [this](const torch::Tensor& x) {
    torch::Tensor features = features_->forward(x);
    return classifier_(at::adaptive_avg_pool2d(at::relu_(features), {1, 1}).flatten(1));
  };
  return observed(*this, run, x);
}

DenseNet densenet121(const ModelOptions& options) {
  return DenseNet(DenseNetLayout{.growth_rate = 32, .layers = {6, 12, 24, 16}, .init_features = 64}, options);
}
DenseNet densenet161(const ModelOptions& options) {
  return DenseNet(DenseNetLayout{.growth_rate = 48, .layers = {6, 12, 36, 24}, .init_features = 96}, options);
}
DenseNet densenet169(const ModelOptions& options) {
  return DenseNet(DenseNetLayout{.growth_rate = 32, .layers = {6, 12, 32, 32}, .init_features = 64}, options);
}
DenseNet densenet201(const ModelOptions& options) {
  return DenseNet(DenseNetLayout{.growth_rate = 32, .layers = {6, 12, 48, 32}, .init_features = 64}, options);
}

}  // namespace torch_ext

#include "libtorch_ext/inspect/first_children.h"

#include <torch/nn.h>

#include <algorithm>
#include <typeindex>
#include <unordered_map>

#include "libtorch_ext/inspect/printed_as.h"
#include "libtorch_ext/inspect/repr.h"
#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/activation.h"
#include "libtorch_ext/nn/channel_shuffle.h"
#include "libtorch_ext/nn/circular_pad.h"
#include "libtorch_ext/nn/dropout1d.h"
#include "libtorch_ext/nn/layer_norm2d.h"
#include "libtorch_ext/nn/rms_norm.h"
#include "libtorch_ext/nn/stochastic_depth.h"
#include "libtorch_ext/nn/upsample.h"

namespace torch_ext {
namespace {

using ModulePointer = std::shared_ptr<torch::nn::Module>;
using ToTensorModule = TensorModule (*)(const ModulePointer&);

template <typename Impl>
TensorModule as(const ModulePointer& module) {
  return std::dynamic_pointer_cast<Impl>(module);
}

template <typename... Impls>
std::unordered_map<std::type_index, ToTensorModule> by_class() {
  return {{typeid(Impls), as<Impls>}...};
}

const auto& known_classes() {
  using namespace torch::nn;
  static const auto known = by_class<
      AdaptiveAvgPool1dImpl, AdaptiveAvgPool2dImpl, AdaptiveAvgPool3dImpl, AdaptiveMaxPool1dImpl, AdaptiveMaxPool2dImpl,
      AdaptiveMaxPool3dImpl, AlphaDropoutImpl, AvgPool1dImpl, AvgPool2dImpl, AvgPool3dImpl, BatchNorm1dImpl,
      BatchNorm2dImpl, BatchNorm3dImpl, CELUImpl, ChannelShuffleImpl, CircularPad1dImpl, CircularPad2dImpl,
      CircularPad3dImpl, ConstantPad1dImpl, ConstantPad2dImpl, ConstantPad3dImpl, Conv1dImpl, Conv2dImpl, Conv3dImpl,
      ConvTranspose1dImpl, ConvTranspose2dImpl, ConvTranspose3dImpl, CrossMapLRN2dImpl, Dropout1dImpl, Dropout2dImpl,
      Dropout3dImpl, DropoutImpl, ELUImpl, EmbeddingBagImpl, EmbeddingImpl, FeatureAlphaDropoutImpl, FlattenImpl,
      FoldImpl, FractionalMaxPool2dImpl, FractionalMaxPool3dImpl, FunctionalImpl, GELUImpl, GLUImpl, GroupNormImpl,
      HardshrinkImpl, HardsigmoidImpl, HardswishImpl, HardtanhImpl, IdentityImpl, InstanceNorm1dImpl,
      InstanceNorm2dImpl, InstanceNorm3dImpl, LPPool1dImpl, LPPool2dImpl, LPPool3dImpl, LayerNorm2dImpl, LayerNormImpl,
      LeakyReLUImpl, LinearImpl, LocalResponseNormImpl, LogSigmoidImpl, LogSoftmaxImpl, MaxPool1dImpl, MaxPool2dImpl,
      MaxPool3dImpl, MishImpl, PReLUImpl, PixelShuffleImpl, PixelUnshuffleImpl, RMSNormImpl, RReLUImpl, ReLU6Impl,
      ReLUImpl, ReflectionPad1dImpl, ReflectionPad2dImpl, ReflectionPad3dImpl, ReplicationPad1dImpl,
      ReplicationPad2dImpl, ReplicationPad3dImpl, SELUImpl, SiLUImpl, SigmoidImpl, Softmax2dImpl, SoftmaxImpl,
      SoftminImpl, SoftplusImpl, SoftshrinkImpl, SoftsignImpl, StochasticDepthImpl, TanhImpl, TanhshrinkImpl,
      ThresholdImpl, UnflattenImpl, UnfoldImpl, UpsamplingBilinear2dImpl, UpsamplingNearest2dImpl, ZeroPad1dImpl,
      ZeroPad2dImpl, ZeroPad3dImpl, torch_ext::SequentialImpl, torch_ext::UpsampleImpl, torch::nn::SequentialImpl,
      torch::nn::UpsampleImpl>();
  return known;
}

}  // namespace

Sequential first_children(const torch::nn::Module& module, int64_t k) {
  const auto children = named_children(module);
  const auto size = static_cast<int64_t>(children.size());
  const int64_t count = std::clamp<int64_t>(k < 0 ? size + k : k, 0, size);
  Sequential sequential;
  for (const auto& item : children) {
    if (static_cast<int64_t>(sequential->size()) == count) break;
    const auto& child = item.value();
    const auto* printed = dynamic_cast<const PrintedAs*>(child.get());
    const auto found = known_classes().find(printed ? printed->layer_class() : std::type_index(typeid(*child)));
    TORCH_CHECK_TYPE(found != known_classes().end(), "first_children: child \"", item.key(), "\" of ",
                     class_name(module), " is a ", class_name(*child),
                     ", expected a layer of LibTorch or of this library that maps a tensor to a tensor, or a "
                     "Sequential: only its owner knows its forward. Wrap it: tx::Sequential(holder)");
    sequential->push_back(found->second(child));
  }
  return sequential;
}

}  // namespace torch_ext

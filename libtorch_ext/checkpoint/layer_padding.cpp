#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"

namespace torch_ext::detail {

using namespace torch::nn;

std::vector<Layer> padding_layers() {
  const auto padding = [](auto& python, auto& o) { python("padding", o.padding()); };
  const auto zero = [](auto& python, auto& o) {
    python("padding", o.padding());
    python.constant("value", 0.0);
  };
  const auto constant = [](auto& python, auto& o) {
    python("padding", o.padding());
    python.number("value", o.value());
  };
  return {
      layer<ReflectionPad1dImpl>("padding.ReflectionPad1d", ReflectionPad1dOptions(0), padding),
      layer<ReflectionPad2dImpl>("padding.ReflectionPad2d", ReflectionPad2dOptions(0), padding),
      layer<ReflectionPad3dImpl>("padding.ReflectionPad3d", ReflectionPad3dOptions(0), padding),
      layer<ReplicationPad1dImpl>("padding.ReplicationPad1d", ReplicationPad1dOptions(0), padding),
      layer<ReplicationPad2dImpl>("padding.ReplicationPad2d", ReplicationPad2dOptions(0), padding),
      layer<ReplicationPad3dImpl>("padding.ReplicationPad3d", ReplicationPad3dOptions(0), padding),
      layer<ZeroPad1dImpl>("padding.ZeroPad1d", ZeroPad1dOptions(0), zero),
      layer<ZeroPad2dImpl>("padding.ZeroPad2d", ZeroPad2dOptions(0), zero),
      layer<ZeroPad3dImpl>("padding.ZeroPad3d", ZeroPad3dOptions(0), zero),
      layer<ConstantPad1dImpl>("padding.ConstantPad1d", ConstantPad1dOptions(0, 0), constant),
      layer<ConstantPad2dImpl>("padding.ConstantPad2d", ConstantPad2dOptions(0, 0), constant),
      layer<ConstantPad3dImpl>("padding.ConstantPad3d", ConstantPad3dOptions(0, 0), constant),
  };
}

}  // namespace torch_ext::detail

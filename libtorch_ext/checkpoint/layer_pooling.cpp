#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"

namespace torch_ext::detail {

using namespace torch::nn;

std::vector<Layer> pooling_layers() {
  const auto max = [](auto& python, auto& o) {
    python.window("kernel_size", o.kernel_size());
    python.window("stride", o.stride());
    python.window("padding", o.padding());
    python.window("dilation", o.dilation());
    python.constant("return_indices", false);
    python("ceil_mode", o.ceil_mode());
  };
  const auto average_1d = [](auto& python, auto& o) {
    python("kernel_size", o.kernel_size());
    python("stride", o.stride());
    python("padding", o.padding());
    python("ceil_mode", o.ceil_mode());
    python("count_include_pad", o.count_include_pad());
  };
  const auto average = [](auto& python, auto& o) {
    python.window("kernel_size", o.kernel_size());
    python.window("stride", o.stride());
    python.window("padding", o.padding());
    python("ceil_mode", o.ceil_mode());
    python("count_include_pad", o.count_include_pad());
    python("divisor_override", o.divisor_override());
  };
  const auto power = [](auto& python, auto& o) {
    python.number("norm_type", o.norm_type());
    python.window("kernel_size", o.kernel_size());
    python.stride("stride", o.stride(), o.kernel_size());
    python("ceil_mode", o.ceil_mode());
  };
  const auto adaptive_average_1d = [](auto& python, auto& o) { python.window("output_size", o.output_size()); };
  const auto adaptive_average = [](auto& python, auto& o) { python("output_size", o.output_size()); };
  const auto adaptive_max_1d = [](auto& python, auto& o) {
    python.window("output_size", o.output_size());
    python.constant("return_indices", false);
  };
  const auto adaptive_max = [](auto& python, auto& o) {
    python("output_size", o.output_size());
    python.constant("return_indices", false);
  };
  const auto fractional = [](auto& python, auto& o) {
    python("kernel_size", o.kernel_size());
    python.constant("return_indices", false);
    python.buffers(false, {"_random_samples"}, {});
    python("output_size", o.output_size());
    python("output_ratio", o.output_ratio());
  };
  return {
      layer<MaxPool1dImpl>("pooling.MaxPool1d", MaxPool1dOptions(1), max),
      layer<MaxPool2dImpl>("pooling.MaxPool2d", MaxPool2dOptions(1), max),
      layer<MaxPool3dImpl>("pooling.MaxPool3d", MaxPool3dOptions(1), max),
      layer<AvgPool1dImpl>("pooling.AvgPool1d", AvgPool1dOptions(1), average_1d),
      layer<AvgPool2dImpl>("pooling.AvgPool2d", AvgPool2dOptions(1), average),
      layer<AvgPool3dImpl>("pooling.AvgPool3d", AvgPool3dOptions(1), average),
      layer<LPPool1dImpl>("pooling.LPPool1d", LPPool1dOptions(1, 1), power),
      layer<LPPool2dImpl>("pooling.LPPool2d", LPPool2dOptions(1, 1), power),
      layer<LPPool3dImpl>("pooling.LPPool3d", LPPool3dOptions(1, 1), power),
      layer<FractionalMaxPool2dImpl>("pooling.FractionalMaxPool2d", FractionalMaxPool2dOptions(1), fractional),
      layer<FractionalMaxPool3dImpl>("pooling.FractionalMaxPool3d", FractionalMaxPool3dOptions(1), fractional),
      layer<AdaptiveAvgPool1dImpl>("pooling.AdaptiveAvgPool1d", AdaptiveAvgPool1dOptions(1), adaptive_average_1d),
      layer<AdaptiveAvgPool2dImpl>("pooling.AdaptiveAvgPool2d", AdaptiveAvgPool2dOptions(1), adaptive_average),
      layer<AdaptiveAvgPool3dImpl>("pooling.AdaptiveAvgPool3d", AdaptiveAvgPool3dOptions(1), adaptive_average),
      layer<AdaptiveMaxPool1dImpl>("pooling.AdaptiveMaxPool1d", AdaptiveMaxPool1dOptions(1), adaptive_max_1d),
      layer<AdaptiveMaxPool2dImpl>("pooling.AdaptiveMaxPool2d", AdaptiveMaxPool2dOptions(1), adaptive_max),
      layer<AdaptiveMaxPool3dImpl>("pooling.AdaptiveMaxPool3d", AdaptiveMaxPool3dOptions(1), adaptive_max),
  };
}

}  // namespace torch_ext::detail

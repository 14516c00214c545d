#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"

namespace torch_ext::detail {

using namespace torch::nn;

std::vector<Layer> normalization_layers() {
  const auto running = [](auto& python, auto& o) {
    python("num_features", o.num_features());
    python("eps", o.eps());
    python("momentum", o.momentum());
    python("affine", o.affine());
    python("track_running_stats", o.track_running_stats());
    python.parameters(o.affine(), {"weight", "bias"}, {o.num_features()});
    python.buffers(o.track_running_stats(), {"running_mean", "running_var"}, {o.num_features()});
    python.batch_counter(o.track_running_stats());
  };
  const auto response = [](auto& python, auto& o) {
    python("size", o.size());
    python("alpha", o.alpha());
    python("beta", o.beta());
    python("k", o.k());
  };
  const auto dropout = [](auto& python, auto& o) {
    python("p", o.p());
    python("inplace", o.inplace());
  };
  return {
      layer<BatchNorm1dImpl>("batchnorm.BatchNorm1d", BatchNormOptions(1), running),
      layer<BatchNorm2dImpl>("batchnorm.BatchNorm2d", BatchNormOptions(1), running),
      layer<BatchNorm3dImpl>("batchnorm.BatchNorm3d", BatchNormOptions(1), running),
      layer<InstanceNorm1dImpl>("instancenorm.InstanceNorm1d", InstanceNormOptions(1), running),
      layer<InstanceNorm2dImpl>("instancenorm.InstanceNorm2d", InstanceNormOptions(1), running),
      layer<InstanceNorm3dImpl>("instancenorm.InstanceNorm3d", InstanceNormOptions(1), running),
      layer<LayerNormImpl>("normalization.LayerNorm", LayerNormOptions({1}),
                           [](auto& python, auto& o) {
                             python("normalized_shape", o.normalized_shape());
                             python("eps", o.eps());
                             python("elementwise_affine", o.elementwise_affine());
                             bool bias = o.elementwise_affine();
                             python.is_there("bias", bias);  // may be left out, which LibTorch's options don't know
                             python.parameters(o.elementwise_affine(), {"weight"}, o.normalized_shape());
                             python.parameters(bias, {"bias"}, o.normalized_shape());
                           }),
      layer<GroupNormImpl>("normalization.GroupNorm", GroupNormOptions(1, 1),
                           [](auto& python, auto& o) {
                             python("num_groups", o.num_groups());
                             python("num_channels", o.num_channels());
                             python("eps", o.eps());
                             python("affine", o.affine());
                             python.parameters(o.affine(), {"weight", "bias"}, {o.num_channels()});
                           }),
      layer<LocalResponseNormImpl>("normalization.LocalResponseNorm", LocalResponseNormOptions(1), response),
      layer<CrossMapLRN2dImpl>("normalization.CrossMapLRN2d", CrossMapLRN2dOptions(1), response),
      layer<DropoutImpl>("dropout.Dropout", DropoutOptions(), dropout),
      layer<Dropout2dImpl>("dropout.Dropout2d", DropoutOptions(), dropout),
      layer<Dropout3dImpl>("dropout.Dropout3d", DropoutOptions(), dropout),
      layer<AlphaDropoutImpl>("dropout.AlphaDropout", DropoutOptions(), dropout),
      layer<FeatureAlphaDropoutImpl>("dropout.FeatureAlphaDropout", DropoutOptions(), dropout),
  };
}

}  // namespace torch_ext::detail

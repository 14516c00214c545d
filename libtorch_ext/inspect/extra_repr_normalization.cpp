#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

template <typename Options>
std::string batch_norm(const Options& o) {
  return python_format("{}, eps={}, momentum={}, affine={}, track_running_stats={}", o.num_features(), o.eps(),
                       o.momentum(), o.affine(), o.track_running_stats());
}
std::string extra(const BatchNormOptions& o) { return batch_norm(o); }
std::string extra(const InstanceNormOptions& o) { return batch_norm(o); }

std::string extra(const GroupNormOptions& o) {
  return python_format("{}, {}, eps={}, affine={}", o.num_groups(), o.num_channels(), o.eps(), o.affine());
}

std::string extra(const LayerNormOptions& o) {
  return python_format("{}, eps={}, elementwise_affine={}", python_tuple<int64_t>(o.normalized_shape()), o.eps(),
                       o.elementwise_affine());
}

std::string extra(const LocalResponseNormOptions& o) {
  return python_format("{}, alpha={}, beta={}, k={}", o.size(), o.alpha(), o.beta(), o.k());
}

std::string extra(const CrossMapLRN2dOptions& o) {
  return python_format("{}, alpha={}, beta={}, k={}", o.size(), o.alpha(), o.beta(), o.k());
}

std::string extra(const DropoutOptions& o) { return python_format("p={}, inplace={}", o.p(), o.inplace()); }

}  // namespace

std::optional<std::string> normalization_extra(const Module& module) {
  return extra_of<BatchNorm1dImpl, BatchNorm2dImpl, BatchNorm3dImpl, InstanceNorm1dImpl, InstanceNorm2dImpl,
                  InstanceNorm3dImpl, GroupNormImpl, LayerNormImpl, LocalResponseNormImpl, CrossMapLRN2dImpl,
                  DropoutImpl, Dropout2dImpl, Dropout3dImpl, AlphaDropoutImpl, FeatureAlphaDropoutImpl>(
      module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail

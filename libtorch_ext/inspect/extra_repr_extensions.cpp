#include "libtorch_ext/inspect/extra_repr_options.h"
#include "libtorch_ext/nn/channel_shuffle.h"
#include "libtorch_ext/nn/circular_pad.h"
#include "libtorch_ext/nn/dropout1d.h"
#include "libtorch_ext/nn/rms_norm.h"
#include "libtorch_ext/nn/stochastic_depth.h"

namespace torch_ext::detail {
namespace {

template <size_t D>
std::optional<std::string> padding_of(const torch::nn::Module& module) {
  const auto* pad = dynamic_cast<const CircularPad<D>*>(&module);
  return pad ? std::optional(python_tuple<int64_t>(pad->padding)) : std::nullopt;
}

}  // namespace

std::optional<std::string> extension_extra(const torch::nn::Module& module) {
  if (const auto* norm = dynamic_cast<const RMSNormImpl*>(&module)) {
    return python_format("{}, eps={}, elementwise_affine={}", python_tuple<int64_t>(norm->options.normalized_shape),
                         norm->options.eps, norm->options.elementwise_affine);
  }
  if (const auto* shuffle = dynamic_cast<const ChannelShuffleImpl*>(&module)) {
    return python_format("groups={}", shuffle->groups);
  }
  if (const auto* dropout = dynamic_cast<const Dropout1dImpl*>(&module)) {
    return python_format("p={}, inplace={}", dropout->options.p, dropout->options.inplace);
  }
  if (const auto* depth = dynamic_cast<const StochasticDepthImpl*>(&module)) {
    return python_format("p={}, mode={}", depth->p, depth->mode == StochasticDepthMode::kRow ? "row" : "batch");
  }
  if (auto padding = padding_of<1>(module)) return padding;
  if (auto padding = padding_of<2>(module)) return padding;
  return padding_of<3>(module);
}

}  // namespace torch_ext::detail

#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

template <size_t D>
std::string extra(const MaxPoolOptions<D>& o) {
  return python_format("kernel_size={}, stride={}, padding={}, dilation={}, ceil_mode={}", window(o.kernel_size()),
                       window(o.stride()), window(o.padding()), window(o.dilation()), o.ceil_mode());
}

template <size_t D>
std::string extra(const MaxUnpoolOptions<D>& o) {
  return python_format("kernel_size={}, stride={}, padding={}", tuple(o.kernel_size()), tuple(o.stride()),
                       tuple(o.padding()));
}

template <size_t D>
std::string extra(const AvgPoolOptions<D>& o) {
  return python_format("kernel_size={}, stride={}, padding={}", window(o.kernel_size()), window(o.stride()),
                       window(o.padding()));
}
std::string extra(const AvgPoolOptions<1>& o) {
  return python_format("kernel_size={}, stride={}, padding={}", tuple(o.kernel_size()), tuple(o.stride()),
                       tuple(o.padding()));
}

// Python remembers that no stride was given; LibTorch takes the kernel's size for it at once.
template <size_t D>
std::string extra(const LPPoolOptions<D>& o) {
  const bool stride_given = *o.stride() != *o.kernel_size();
  return python_format("norm_type={}, kernel_size={}, stride={}, ceil_mode={}", number(o.norm_type()),
                       window(o.kernel_size()), stride_given ? window(o.stride()) : "None", o.ceil_mode());
}

std::string output_size(const torch::ExpandingArray<1>& size) { return python_format("output_size={}", size->at(0)); }
template <size_t D>
std::string output_size(const torch::ExpandingArrayWithOptionalElem<D>& size) {
  return python_format("output_size={}", tuple(size));
}
template <typename Size>
std::string extra(const AdaptiveMaxPoolOptions<Size>& o) {
  return output_size(o.output_size());
}
template <typename Size>
std::string extra(const AdaptiveAvgPoolOptions<Size>& o) {
  return output_size(o.output_size());
}

}  // namespace

std::optional<std::string> pooling_extra(const Module& module) {
  return extra_of<MaxPool1dImpl, MaxPool2dImpl, MaxPool3dImpl, MaxUnpool1dImpl, MaxUnpool2dImpl, MaxUnpool3dImpl,
                  AvgPool1dImpl, AvgPool2dImpl, AvgPool3dImpl, LPPool1dImpl, LPPool2dImpl, LPPool3dImpl,
                  AdaptiveMaxPool1dImpl, AdaptiveMaxPool2dImpl, AdaptiveMaxPool3dImpl, AdaptiveAvgPool1dImpl,
                  AdaptiveAvgPool2dImpl, AdaptiveAvgPool3dImpl>(module,
                                                                [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail

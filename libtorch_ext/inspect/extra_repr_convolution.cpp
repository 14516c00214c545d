#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

template <size_t D>
bool all(const torch::ExpandingArray<D>& values, int64_t wanted) {
  return std::all_of(values->begin(), values->end(), [&](int64_t value) { return value == wanted; });
}

template <size_t D>
std::string extra(const torch::nn::detail::ConvNdOptions<D>& o) {
  auto text = python_format("{}, {}, kernel_size={}, stride={}", o.in_channels(), o.out_channels(),
                            tuple(o.kernel_size()), tuple(o.stride()));
  if (const auto* padding = std::get_if<torch::ExpandingArray<D>>(&o.padding())) {
    text += when(!all(*padding, 0), ", padding=" + tuple(*padding));
  } else {
    text += std::holds_alternative<torch::enumtype::kSame>(o.padding()) ? ", padding=same" : ", padding=valid";
  }
  return text + when(!all(o.dilation(), 1), ", dilation=" + tuple(o.dilation())) +
         when(!all(o.output_padding(), 0), ", output_padding=" + tuple(o.output_padding())) +
         when(o.groups() != 1, python_format(", groups={}", o.groups())) + when(!o.bias(), ", bias=False") +
         when(word(o.padding_mode()) != "zeros", ", padding_mode=" + word(o.padding_mode()));
}

}  // namespace

std::optional<std::string> convolution_extra(const Module& module) {
  return extra_of<Conv1dImpl, Conv2dImpl, Conv3dImpl, ConvTranspose1dImpl, ConvTranspose2dImpl, ConvTranspose3dImpl>(
      module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail

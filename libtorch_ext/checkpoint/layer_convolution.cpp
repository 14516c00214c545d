#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

/// What F.pad is given where `padding_mode` isn't "zeros": the last dimension first.
template <size_t D>
std::vector<int64_t> reversed_padding(const torch::nn::detail::ConvNdOptions<D>& o) {
  std::vector<int64_t> sides;
  const auto* padding = std::get_if<torch::ExpandingArray<D>>(&o.padding());
  const bool is_same = std::holds_alternative<torch::enumtype::kSame>(o.padding());
  for (size_t dim = D; dim-- > 0;) {
    const int64_t total = is_same ? o.dilation()->at(dim) * (o.kernel_size()->at(dim) - 1) : 0;
    const int64_t left = padding ? (*padding)->at(dim) : total / 2;
    sides.insert(sides.end(), {left, padding ? left : total - left});
  }
  return sides;
}

/// Python keeps it as a tuple where the padding is numbers, as a list where it is a word.
template <size_t D>
Value python_reversed_padding(const torch::nn::detail::ConvNdOptions<D>& o) {
  Value sides = to_python(reversed_padding(o));
  if (std::holds_alternative<torch::ExpandingArray<D>>(o.padding())) return sides;
  return formats::List{std::move(sides.as<formats::Tuple>()->items)};
}

/// Repairs what LibTorch 2.11 has in the wrong order for `torch::kSame`.
template <typename Impl>
struct Padding : Impl {
  template <typename Options>
  static std::shared_ptr<Impl> repair(std::shared_ptr<Impl> impl, const Options& o) {
    impl.get()->*(&Padding::_reversed_padding_repeated_twice) = reversed_padding(o);
    return impl;
  }
};

const auto convolution_fields = []<size_t D>(auto& python, torch::nn::detail::ConvNdOptions<D>& o) {
  python("in_channels", o.in_channels());
  python("out_channels", o.out_channels());
  python("kernel_size", o.kernel_size());
  python("stride", o.stride());
  python("padding", o.padding());
  python("dilation", o.dilation());
  python.constant("transposed", o.transposed());
  python("output_padding", o.output_padding());
  python("groups", o.groups());
  python("padding_mode", o.padding_mode());
  TORCH_CHECK_VALUE(o.groups() > 0, "groups: found ", o.groups(), ", expected at least 1");
  for (const auto& sizes : {o.kernel_size(), o.dilation()}) {
    for (int64_t size : *sizes) TORCH_CHECK_VALUE(size == static_cast<int32_t>(size), "found a size of ", size);
  }
  python.derived("_reversed_padding_repeated_twice", python_reversed_padding(o));
  python.is_there("bias", o.bias());
  std::vector<int64_t> shape = o.transposed() ? std::vector<int64_t>{o.in_channels(), o.out_channels() / o.groups()}
                                              : std::vector<int64_t>{o.out_channels(), o.in_channels() / o.groups()};
  shape.insert(shape.end(), o.kernel_size()->begin(), o.kernel_size()->end());
  python.parameters(true, {"weight"}, shape);
  python.parameters(o.bias(), {"bias"}, {o.out_channels()});
};

template <typename Impl, size_t D>
Layer convolution(std::string_view type) {
  using Options = torch::nn::detail::ConvNdOptions<D>;
  return layer<Impl>(type, Options(1, 1, 1), convolution_fields, [](const Options& o) {
    auto impl = std::make_shared<Impl>(ConvOptions<D>(o.in_channels(), o.out_channels(), o.kernel_size())
                                           .stride(o.stride())
                                           .padding(o.padding())
                                           .dilation(o.dilation())
                                           .groups(o.groups())
                                           .bias(o.bias())
                                           .padding_mode(o.padding_mode()));
    return Padding<Impl>::repair(std::move(impl), o);
  });
}

template <typename Impl, size_t D>
Layer transposed_convolution(std::string_view type) {
  using Options = torch::nn::detail::ConvNdOptions<D>;
  return layer<Impl>(type, Options(1, 1, 1).transposed(true), convolution_fields, [](const Options& o) {
    const auto* padding = std::get_if<torch::ExpandingArray<D>>(&o.padding());
    TORCH_CHECK_VALUE(padding, "padding: found a word, expected numbers");
    return std::make_shared<Impl>(ConvTransposeOptions<D>(o.in_channels(), o.out_channels(), o.kernel_size())
                                      .stride(o.stride())
                                      .padding(*padding)
                                      .output_padding(o.output_padding())
                                      .dilation(o.dilation())
                                      .groups(o.groups())
                                      .bias(o.bias())
                                      .padding_mode(o.padding_mode()));
  });
}

}  // namespace

std::vector<Layer> convolution_layers() {
  return {
      convolution<Conv1dImpl, 1>("conv.Conv1d"),
      convolution<Conv2dImpl, 2>("conv.Conv2d"),
      convolution<Conv3dImpl, 3>("conv.Conv3d"),
      transposed_convolution<ConvTranspose1dImpl, 1>("conv.ConvTranspose1d"),
      transposed_convolution<ConvTranspose2dImpl, 2>("conv.ConvTranspose2d"),
      transposed_convolution<ConvTranspose3dImpl, 3>("conv.ConvTranspose3d"),
  };
}

}  // namespace torch_ext::detail

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

/// Like Python's, takes one size or factor for all dimensions of the image, however many these are.
struct UpsampleImpl : torch::nn::UpsampleImpl {
  using torch::nn::UpsampleImpl::UpsampleImpl;

  torch::Tensor forward(const torch::Tensor& input) {
    const auto dims = static_cast<size_t>(std::max<int64_t>(input.dim() - 2, 1));
    auto o = functional::InterpolateFuncOptions().align_corners(options.align_corners());
    std::visit([&](auto mode) { o.mode(mode); }, options.mode());
    if (options.size()) o.size(expanded(*options.size(), dims));
    if (options.scale_factor()) o.scale_factor(expanded(*options.scale_factor(), dims)).recompute_scale_factor(false);
    return functional::interpolate(input, o);
  }

 private:
  template <typename T>
  static std::vector<T> expanded(std::vector<T> values, size_t dims) {
    if (values.size() == 1) values.resize(dims, values.front());
    return values;
  }
};

const auto upsample_fields = [](auto& python, UpsampleOptions& o) {
  python.derived("name", "Upsample");
  python.window("size", o.size());
  python.window("scale_factor", o.scale_factor());
  python("mode", o.mode());
  python("align_corners", o.align_corners());
  python.constant("recompute_scale_factor", formats::None());
};

/// Python reads align_corners=None as False where the mode has corners to align.
template <typename Impl>
std::shared_ptr<Impl> make_upsample(UpsampleOptions o) {
  const bool is_nearest = std::holds_alternative<torch::enumtype::kNearest>(o.mode());
  if (!is_nearest && !o.align_corners()) o.align_corners(false);
  return std::make_shared<Impl>(o);
}

Layer upsample(std::string_view type) {
  return layer<UpsampleImpl>(type, UpsampleOptions(), upsample_fields, make_upsample<UpsampleImpl>);
}

}  // namespace

std::vector<Layer> shape_layers() {
  const auto windows = [](auto& python, auto& o) {
    python.window("kernel_size", o.kernel_size());
    python.window("dilation", o.dilation());
    python.window("padding", o.padding());
    python.window("stride", o.stride());
  };
  const auto image_and_windows = [windows](auto& python, auto& o) {
    python.window("output_size", o.output_size());
    windows(python, o);
  };
  return {
      layer<FlattenImpl>("flatten.Flatten", FlattenOptions(),
                         [](auto& python, auto& o) {
                           python("start_dim", o.start_dim());
                           python("end_dim", o.end_dim());
                         }),
      layer<UnflattenImpl>("flatten.Unflatten", UnflattenOptions(0, std::vector<int64_t>{}),
                           [](auto& python, auto& o) {
                             python("dim", o.dim());
                             python("unflattened_size", o.sizes());
                           }),
      layer<FoldImpl>("fold.Fold", FoldOptions(1, 1), image_and_windows),
      layer<UnfoldImpl>("fold.Unfold", UnfoldOptions(1), windows),
      layer<PixelShuffleImpl>("pixelshuffle.PixelShuffle", PixelShuffleOptions(1),
                              [](auto& python, auto& o) { python("upscale_factor", o.upscale_factor()); }),
      layer<PixelUnshuffleImpl>("pixelshuffle.PixelUnshuffle", PixelUnshuffleOptions(1),
                                [](auto& python, auto& o) { python("downscale_factor", o.downscale_factor()); }),
      upsample("upsampling.Upsample"),
      upsample("upsampling.UpsamplingNearest2d"),
      upsample("upsampling.UpsamplingBilinear2d"),
      layer<torch::nn::UpsampleImpl>("upsampling.Upsample", UpsampleOptions(), upsample_fields,
                                     make_upsample<torch::nn::UpsampleImpl>),
  };
}

}  // namespace torch_ext::detail

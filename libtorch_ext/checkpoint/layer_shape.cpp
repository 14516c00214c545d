#include <torch/torch.h>

#include "libtorch_ext/checkpoint/layer.h"
#include "libtorch_ext/nn/upsample.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

const auto upsample_fields = [](const char* name) {
  return [name](auto& python, UpsampleOptions& o) {
    python.derived("name", name);
    python.window("size", o.size());
    python.window("scale_factor", o.scale_factor());
    python("mode", o.mode());
    python("align_corners", o.align_corners());
    python.constant("recompute_scale_factor", formats::None());
  };
};

/// Python reads align_corners=None as False where the mode has corners to align.
template <typename Impl>
std::shared_ptr<Impl> make_upsample(UpsampleOptions o) {
  const bool is_nearest = std::holds_alternative<torch::enumtype::kNearest>(o.mode());
  if (!is_nearest && !o.align_corners()) o.align_corners(false);
  return std::make_shared<Impl>(o);
}

template <typename Impl>
Layer upsample(const char* name) {
  return layer<Impl>(std::string("upsampling.") + name, UpsampleOptions(), upsample_fields(name), make_upsample<Impl>);
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
      upsample<torch_ext::UpsampleImpl>("Upsample"),
      upsample<torch::nn::UpsampleImpl>("Upsample"),
      upsample<UpsamplingNearest2dImpl>("UpsamplingNearest2d"),
      upsample<UpsamplingBilinear2dImpl>("UpsamplingBilinear2d"),
  };
}

}  // namespace torch_ext::detail

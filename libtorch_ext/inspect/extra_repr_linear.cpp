#include <torch/torch.h>

#include "libtorch_ext/inspect/extra_repr_options.h"

namespace torch_ext::detail {
namespace {

using namespace torch::nn;

std::string extra(const LinearOptions& o) {
  return python_format("in_features={}, out_features={}, bias={}", o.in_features(), o.out_features(), o.bias());
}

std::string extra(const BilinearOptions& o) {
  return python_format("in1_features={}, in2_features={}, out_features={}, bias={}", o.in1_features(), o.in2_features(),
                       o.out_features(), o.bias());
}

std::string extra(const FlattenOptions& o) {
  return python_format("start_dim={}, end_dim={}", o.start_dim(), o.end_dim());
}

std::string extra(const UnflattenOptions& o) {
  if (o.namedshape().empty())
    return python_format("dim={}, unflattened_size={}", o.dim(), python_tuple<int64_t>(o.sizes()));
  std::vector<std::string> shape;
  for (const auto& [name, size] : o.namedshape()) shape.push_back(python_format("('{}', {})", name, size));
  return python_format("dim={}, unflattened_size={}", o.dimname(), python_tuple<std::string>(shape));
}

std::string extra(const PixelShuffleOptions& o) { return python_format("upscale_factor={}", o.upscale_factor()); }

std::string extra(const PixelUnshuffleOptions& o) { return python_format("downscale_factor={}", o.downscale_factor()); }

std::string extra(const FoldOptions& o) {
  return python_format("output_size={}, kernel_size={}, dilation={}, padding={}, stride={}", window(o.output_size()),
                       window(o.kernel_size()), window(o.dilation()), window(o.padding()), window(o.stride()));
}

std::string extra(const UnfoldOptions& o) {
  return python_format("kernel_size={}, dilation={}, padding={}, stride={}", window(o.kernel_size()),
                       window(o.dilation()), window(o.padding()), window(o.stride()));
}

std::string extra(const UpsampleOptions& o) {
  const auto size = o.scale_factor() ? "scale_factor=" + window<double>(*o.scale_factor())
                                     : "size=" + (o.size() ? window<int64_t>(*o.size()) : "None");
  return python_format("{}, mode='{}'", size, word(o.mode()));
}

}  // namespace

std::optional<std::string> linear_extra(const Module& module) {
  return extra_of<LinearImpl, BilinearImpl, FlattenImpl, UnflattenImpl, PixelShuffleImpl, PixelUnshuffleImpl, FoldImpl,
                  UnfoldImpl, UpsampleImpl>(module, [](const auto& options) { return extra(options); });
}

}  // namespace torch_ext::detail

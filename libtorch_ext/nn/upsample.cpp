#include "libtorch_ext/nn/upsample.h"

#include <torch/nn/functional/upsampling.h>

#include <algorithm>
#include <vector>

#include "libtorch_ext/nn/observed.h"

namespace torch_ext {
namespace {

template <typename T>
std::vector<T> for_each_dimension(std::vector<T> values, size_t dimensions) {
  if (values.size() == 1) values.resize(dimensions, values.front());
  return values;
}

}  // namespace

torch::Tensor UpsampleImpl::forward(const torch::Tensor& input) {
  const auto run = [this](const torch::Tensor& x) {
    const auto dimensions = static_cast<size_t>(std::max<int64_t>(x.dim() - 2, 1));
    auto o = torch::nn::functional::InterpolateFuncOptions().align_corners(options.align_corners());
    std::visit([&](auto mode) { o.mode(mode); }, options.mode());
    if (options.size()) o.size(for_each_dimension(*options.size(), dimensions));
    if (options.scale_factor()) {
      o.scale_factor(for_each_dimension(*options.scale_factor(), dimensions)).recompute_scale_factor(false);
    }
    return torch::nn::functional::interpolate(x, o);
  };
  return observed(*this, run, input);
}

UpsamplingNearest2dImpl::UpsamplingNearest2dImpl(torch::nn::UpsampleOptions given)
    : UpsampleImpl(given.mode(torch::kNearest).align_corners(std::nullopt)) {}

UpsamplingBilinear2dImpl::UpsamplingBilinear2dImpl(torch::nn::UpsampleOptions given)
    : UpsampleImpl(given.mode(torch::kBilinear).align_corners(true)) {}

// There are no tensors to copy.
std::shared_ptr<torch::nn::Module> UpsampleImpl::clone(const std::optional<torch::Device>&) const {
  return std::make_shared<UpsampleImpl>(*this);
}
std::shared_ptr<torch::nn::Module> UpsamplingNearest2dImpl::clone(const std::optional<torch::Device>&) const {
  return std::make_shared<UpsamplingNearest2dImpl>(*this);
}
std::shared_ptr<torch::nn::Module> UpsamplingBilinear2dImpl::clone(const std::optional<torch::Device>&) const {
  return std::make_shared<UpsamplingBilinear2dImpl>(*this);
}

}  // namespace torch_ext

#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace torch_ext {

/// The channels of [N, C, …] in another order, as if [groups, C / groups] were transposed: Python's
/// `nn.ChannelShuffle`, from Zhang et al., "ShuffleNet", CVPR 2018.
class ChannelShuffleImpl : public torch::nn::Cloneable<ChannelShuffleImpl> {
 public:
  explicit ChannelShuffleImpl(int64_t groups) : groups(groups) {}
  torch::Tensor forward(const torch::Tensor& x);
  void reset() override {}

  int64_t groups;
};
TORCH_MODULE(ChannelShuffle);

}  // namespace torch_ext

#include "libtorch_ext/train/forward.h"

#include <torch/torch.h>

#include "libtorch_ext/nn/focal_loss.h"

namespace torch_ext {

at::Tensor images_for(const TrainConfig& config, const at::Tensor& images) {
  return config.channels_last && images.dim() == 4 ? images.contiguous(at::MemoryFormat::ChannelsLast) : images;
}

std::optional<Autocast> autocast_for(const TrainConfig& config, c10::Device device) {
  if (config.amp == "none") return std::nullopt;
  const auto dtype = config.amp == "float16" ? at::kHalf : at::kBFloat16;
  return std::optional<Autocast>(std::in_place, device.type(), AutocastOptions{.dtype = dtype});
}

at::Tensor loss_of(const TrainConfig& config, const at::Tensor& scores, const at::Tensor& target) {
  if (config.loss.name == "focal") return softmax_focal_loss(scores, target, {.gamma = config.loss.focal_gamma});
  return torch::cross_entropy_loss(scores, target, /*weight=*/{}, at::Reduction::Mean, /*ignore_index=*/-100,
                                   config.loss.label_smoothing);
}

}  // namespace torch_ext

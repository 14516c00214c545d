#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "libtorch_ext/optim/autocast.h"
#include "libtorch_ext/train/config.h"

/// What a config says of one batch's way through a model.
namespace torch_ext {

/// The images as the model takes them: in `channels_last` memory where the config says so.
at::Tensor images_for(const TrainConfig& config, const at::Tensor& images);

/// The guard under which scores and loss are computed; nothing without "amp".
std::optional<Autocast> autocast_for(const TrainConfig& config, c10::Device device);

/// The loss of scores [batch, classes] as "loss" says, but for `l1`. `target`: classes [batch], or shares
/// [batch, classes] after mixup.
at::Tensor loss_of(const TrainConfig& config, const at::Tensor& scores, const at::Tensor& target);

}  // namespace torch_ext

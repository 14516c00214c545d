#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/nn/tensor_module.h"
#include "libtorch_ext/train/config.h"

namespace torch_ext {

/// That the model takes the data: tried on one sample of zeros of the datasets' shape, in eval mode, which draws and
/// changes nothing. Throws `ConfigError` that names the layer and its input, and for scores that aren't one a class.
void check_model_takes(const TrainConfig& config, const TensorModule& model, const Dataset& train, const Dataset& test,
                       c10::Device device);

/// That the model trains on every batch of an epoch of `samples` samples (those of one process), whose last may have
/// one: too few for BatchNorm where its maps are 1 x 1. Tries it where there is such a batch; the model and LibTorch's
/// random numbers stay as they are. Throws `ConfigError` that names the layer; where the batch size was to be chosen
/// ("auto"), makes `config.data.batch_size` smaller instead.
void check_smallest_batch(TrainConfig& config, bool is_auto, int64_t samples, const TensorModule& model,
                          const Dataset& dataset, c10::Device device);

/// What goes wrong in a forward of `images` in the model's mode: "layer4.0.bn1 (BatchNorm2d), given [1, 512, 1, 1],
/// says: …"; empty where nothing does.
std::string forward_problem(const TrainConfig& config, const TensorModule& model, const at::Tensor& images);

}  // namespace torch_ext

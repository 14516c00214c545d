#include "libtorch_ext/models/mlp.h"

#include <torch/torch.h>

namespace torch_ext {

Sequential mlp(const ModelOptions& options) {
  constexpr int64_t kPixels = 28 * 28, kWidth = 128;
  Sequential layers;
  layers->push_back(torch::nn::Flatten());
  layers->push_back(torch::nn::Linear(options.in_channels * kPixels, kWidth));
  layers->push_back(torch::nn::ReLU());
  layers->push_back(torch::nn::Linear(kWidth, kWidth));
  layers->push_back(torch::nn::ReLU());
  layers->push_back(torch::nn::Linear(kWidth, options.num_classes));
  return layers;
}

}  // namespace torch_ext

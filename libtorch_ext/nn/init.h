#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/init.h>

#include <cstdint>
#include <functional>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

struct TruncNormalOptions {
  double mean = 0;
  double std = 1;
  double a = -2;  ///< the least value; not a multiple of `std`
  double b = 2;   ///< the greatest
};

/// Numbers of a normal distribution without those outside of [a, b]: Python's `nn.init.trunc_normal_`, the same bits
/// from the same seed. In place, without gradient; returns the tensor.
at::Tensor trunc_normal_(at::Tensor tensor, TruncNormalOptions options = {});

/// Fills a tensor in place.
using Initializer = std::function<void(at::Tensor)>;

/// Ways to fill a tensor, for `initialize`: Python's `nn.init`, the same bits from the same seed.
namespace init {

Initializer constant(double value);
Initializer normal(double mean = 0, double std = 1);
Initializer uniform(double low = 0, double high = 1);
Initializer trunc_normal(TruncNormalOptions options = {});
Initializer xavier_uniform(double gain = 1);
Initializer xavier_normal(double gain = 1);
Initializer orthogonal(double gain = 1);

/// Python's arguments.
struct KaimingOptions {
  double a = 0;  ///< the slope below 0 of a leaky ReLU
  torch::nn::init::FanModeType mode = torch::kFanIn;
  torch::nn::init::NonlinearityType nonlinearity = torch::kLeakyReLU;
};
Initializer kaiming_uniform(KaimingOptions options = {});
Initializer kaiming_normal(KaimingOptions options = {});

}  // namespace init

/// How the layers of each type begin; what is empty stays as it is.
struct LayerInitializers {
  Initializer linear = {};     ///< weights of `Linear` and `Bilinear`
  Initializer conv = {};       ///< weights of `Conv1d` to `ConvTranspose3d`
  Initializer bias = {};       ///< biases of both
  Initializer embedding = {};  ///< weights of `Embedding` and `EmbeddingBag`; the row of `padding_idx` becomes 0 again
  Initializer norm_weight = {};  ///< of classes with `Norm` in their names
  Initializer norm_bias = {};
  Initializer recurrent_weight = {};  ///< weights of `RNN`, `LSTM` and `GRU`, one after the other
  Initializer recurrent_bias = {};
};

/// Initializes every layer of those types below `module`, derived classes too, each once, in the order of Python's
/// `module.apply`: children before parents. A layer's weight is filled before its bias. Returns how many layers were.
///
/// ```cpp
/// torch::manual_seed(0);
/// tx::initialize(*model, {.linear = tx::init::xavier_uniform(),
///                         .conv = tx::init::kaiming_normal({.mode = torch::kFanOut, .nonlinearity = torch::kReLU}),
///                         .bias = tx::init::constant(0)});
/// ```
int64_t initialize(torch::nn::Module& module, const LayerInitializers& initializers);

}  // namespace torch_ext

#pragma once

#include "libtorch_ext/models/options.h"
#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// A perceptron with two hidden layers of 128 and ReLU: the smallest model that learns something. Input
/// [batch, in_channels, 28, 28], output [batch, num_classes].
Sequential mlp(const ModelOptions& options = {});

}  // namespace torch_ext

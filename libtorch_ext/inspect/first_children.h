#pragma once

#include <cstdint>

#include "libtorch_ext/nn/sequential.h"

namespace torch_ext {

/// The first `k` children of any module in a row, the same ones, named from "0": Python's
/// `nn.Sequential(*list(module.children())[:k])`. A negative `k` leaves out that many at the end.
///
/// What the module's own `forward` does between its children is lost, as in Python: a model that flattens there needs
/// a `torch::nn::Flatten` put in. A child must be a layer of LibTorch or of this library that maps a tensor to a
/// tensor, or a `Sequential`: of other classes only their owner knows the `forward`. Throws a `c10::TypeError` that
/// names it.
///
///     tx::first_children(*tx::create_model("resnet50").ptr(), -2)->forward(images)   // [N, 2048, H / 32, W / 32]
Sequential first_children(const torch::nn::Module& module, int64_t k);

}  // namespace torch_ext

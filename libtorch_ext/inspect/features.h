#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/inspect/tree.h"
#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// The outputs of layers in the middle of a model, from one `forward`: torchvision's `create_feature_extractor`, on any
/// model. By the layers' paths, in the order of their calls; the outputs of a layer that is called several times are
/// `"relu"`, `"relu_1"`, `"relu_2"`, as torchvision names them. Of several tensors in a result the first is taken.
///
/// The tensors are those of the model, with their gradients, no copies: a layer that follows and works in place (a
/// `ReLU` with `inplace`) has changed them, as in Python.
///
/// ```cpp
/// tx::NamedTensors maps = tx::features(model, images, {"layer1", "layer4.*.conv2"});
/// maps["layer1"];  // [batch, 64, 56, 56]
/// ```
///
/// Throws a `c10::ValueError` for a glob that matches no path, and for a layer that was named in full and whose call
/// was not seen: it wasn't called, or is of a class of the user's that hooks can't see (`Observation`).
NamedTensors features(const TensorModule& model, const at::Tensor& input, const std::vector<std::string>& globs);

}  // namespace torch_ext

#pragma once

#include <string>

#include "libtorch_ext/inspect/trace.h"

namespace torch_ext::detail {

/// A trace as TensorBoard's GraphDef, serialized: leaf modules and operations are nodes, modules around them the scopes
/// of their names, as Python's `add_graph` names them: `ResNet/Sequential[layer1]/BasicBlock[0]/Conv2d[conv1]`. A
/// second call of the same module ends in `_1`.
std::string graph_def(const Trace& trace);

}  // namespace torch_ext::detail

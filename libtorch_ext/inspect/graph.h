#pragma once

#include <string>

#include "libtorch_ext/inspect/trace.h"
#include "libtorch_ext/nn/tensor_module.h"

/// The way of the data through a model, drawn from one forward: leaf modules and the operations between them are the
/// boxes, an arrow is a tensor, modules with modules in them are frames around theirs.
namespace torch_ext {

/// `trace` of a model that is called with one tensor, without gradients.
///
///     std::ofstream("resnet18.html") << tx::to_html(tx::trace(*model, images), "resnet18");
Trace trace(const TensorModule& model, const at::Tensor& input);

/// Graphviz's language: `dot -Tsvg`. A frame is a cluster.
std::string to_dot(const Trace& trace);

/// One page that needs nothing else, no network: zoom by the wheel, move by dragging, a click on a frame's title closes
/// or opens it, a box tells its shapes and macs. Frames below the second level are closed at first.
std::string to_html(const Trace& trace, const std::string& title);

}  // namespace torch_ext

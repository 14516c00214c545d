#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

/// One call of a module, or one of LibTorch's operations between modules, during a forward.
struct TraceNode {
  /// The module's path, or the operation's name: `"aten::add"`.
  std::string name;
  /// The module's class; empty for an operation.
  std::string class_name;
  /// The module that made the call; null for an operation.
  const torch::nn::Module* module = nullptr;
  /// The index of the call within which this one was made; -1 for the outermost ones.
  int64_t parent = -1;
  /// Shapes of the tensors that went in and came out; for an operation, of those among its arguments.
  std::vector<std::vector<int64_t>> inputs;
  std::vector<std::vector<int64_t>> outputs;
  /// Bytes of all outputs.
  int64_t output_bytes = 0;
  /// Multiplications with addition, those of inner calls among them: half of what Python's `FlopCounterMode` counts.
  int64_t macs = 0;
  /// The nodes whose outputs this one takes, ascending: calls of modules without inner modules, and operations; -1 for
  /// the model's input. Empty for a module with inner calls of modules.
  std::vector<int64_t> sources;
  /// Whether it has no calls or operations of its own below it in the trace.
  bool is_leaf = true;
};

/// What one forward did, in the order of the calls' beginnings.
struct Trace {
  std::vector<TraceNode> nodes;
  /// The nodes that made the model's outputs.
  std::vector<int64_t> results;
};

/// Runs `forward` on this thread and notes the calls of the modules of `root` that hooks see (`Observation`) and, where
/// they take or make tensors, the operations outside of leaf modules. `inputs` are the model's; `forward` returns its
/// outputs.
///
/// Macs are counted as `torch/utils/flop_counter.py` counts them: matrix products, convolutions and attention.
///
/// An error within `forward` is thrown on as a `c10::ValueError` that names the innermost module and the shapes that it
/// was given.
Trace trace(const torch::nn::Module& root, const std::vector<at::Tensor>& inputs,
            const std::function<std::vector<at::Tensor>()>& forward);

}  // namespace torch_ext

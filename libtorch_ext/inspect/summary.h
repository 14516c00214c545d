#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "libtorch_ext/nn/tensor_module.h"

namespace torch_ext {

/// A module of the tree and what it did in one forward.
struct ModuleSummary {
  /// `""` for the model itself.
  std::string path;
  std::string class_name;
  /// 0 for the model itself.
  int64_t depth = 0;
  /// How often it was seen to be called. 0: it wasn't, or it is of a class that hooks can't see (`Observation`); the
  /// shapes are empty then, and `macs` are the sum over the modules in it.
  int64_t calls = 0;
  /// Shapes of the tensors of the first call.
  std::vector<std::vector<int64_t>> inputs;
  std::vector<std::vector<int64_t>> outputs;
  /// Elements of its parameters, those of the modules in it among them, each parameter once; how many are trained.
  int64_t parameters = 0;
  int64_t trainable_parameters = 0;
  /// Multiplications with addition of all its calls: half of what Python's `FlopCounterMode` counts. Attention counts
  /// whatever kernel computes it, where that leaves out those that it doesn't know, as on the CPU.
  int64_t macs = 0;
};

/// What a model is made of and what one forward takes.
struct Summary {
  /// All modules, each once by its first path, in the tree's order.
  std::vector<ModuleSummary> modules;
  /// Of the whole model: shared parameters count once.
  int64_t parameters = 0;
  int64_t trainable_parameters = 0;
  int64_t macs = 0;
  /// Bytes: of the inputs; of parameters and buffers, each storage once; of the outputs of leaf modules and of the
  /// operations between them. What works in place or is a view counts nonetheless: an estimate.
  int64_t input_bytes = 0;
  int64_t state_bytes = 0;
  int64_t activation_bytes = 0;
  /// What a training step takes at least: inputs, parameters and buffers, activations with a gradient for each, a
  /// gradient for each trained parameter. Neither an optimizer's state nor an operation's workspace.
  int64_t training_bytes = 0;
};

/// Runs the model once, without gradients, in its mode, and tells what each module was given, put out, holds and
/// multiplied. A model in training mode updates its running statistics.
///
/// ```cpp
/// std::cout << tx::to_text(tx::summary(model, torch::zeros({1, 3, 224, 224})));
/// ```
///
/// Throws a `c10::ValueError` for an input that doesn't fit: it names the module, the shape that it was given, and
/// what LibTorch expected.
Summary summary(const TensorModule& model, const at::Tensor& input);

/// The same of a model that is called in another way: `forward` calls it, of `inputs`, and returns its outputs.
///
///     tx::summary(*lstm, {x, h}, [&] { return std::vector<at::Tensor>{std::get<0>(lstm->forward(x, h))}; });
Summary summary(const torch::nn::Module& root, const std::vector<at::Tensor>& inputs,
                const std::function<std::vector<at::Tensor>()>& forward);

/// How a summary is drawn.
struct SummaryTextOptions {
  /// The tree's lines by ASCII characters only.
  bool ascii = false;
  /// The deepest level that is shown; the model itself is 0.
  int64_t max_depth = 100;
};

/// A table, a line a module, and the totals.
std::string to_text(const Summary& summary, SummaryTextOptions options = {});

/// The fields under their names.
nlohmann::ordered_json to_json(const Summary& summary);

}  // namespace torch_ext

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/ordered_dict.h>

#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/formats/prefix.h"

namespace torch::nn {
class Module;
}  // namespace torch::nn

namespace torch_ext {

using formats::PrefixPolicy;

/// What Python's `module.state_dict()` returns.
struct StateDict {
  /// The module's own tensors, not copies, by name, in Python's order. A tied weight stands under each of its names.
  torch::OrderedDict<std::string, at::Tensor> tensors;
  /// Python's `_metadata`: the version of each module's layout by the module's path ("" is the root).
  std::vector<std::pair<std::string, int64_t>> versions;
};

/// The parameters and buffers of `module` under Python's names. They share memory with the module.
StateDict state_dict(const torch::nn::Module& module);

/// How `load_state_dict` matches keys.
struct LoadOptions {
  /// Whether a missing or unexpected key is an error. A wrong shape always is, as in Python.
  bool strict = true;
  PrefixPolicy prefix = PrefixPolicy::kFollow;
};

/// What `load_state_dict` found: Python's `missing_keys` and `unexpected_keys`, and what was done to the prefix.
struct LoadReport {
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  /// "stripped \"module.\"", "added \"module.\"", or empty.
  std::string prefix;
};

/// Copies a state_dict into `module`, in place: the parameters stay the same tensors.
///
/// `source` is what `load` returned: a dictionary of tensors, or a checkpoint that has one under "state_dict", or a
/// whole model (`torch.save(model)`), of which only the weights are taken.
/// dtypes are converted to the module's, as Python does. Throws `CheckpointError` that lists **every** missing,
/// unexpected and misshapen entry; the module is unchanged then.
///
///     auto report = tx::load_state_dict(*model, tx::load("wrapped.pth"));
LoadReport load_state_dict(torch::nn::Module& module, const LoadedFile& source, const LoadOptions& options = {});
/// The same from another module's state_dict.
LoadReport load_state_dict(torch::nn::Module& module, const StateDict& source, const LoadOptions& options = {});

/// The value that Python's `torch.save` writes for a state_dict: an OrderedDict with `_metadata`.
Value to_value(const StateDict& state, TensorWriter& writer);

}  // namespace torch_ext

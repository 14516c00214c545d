#pragma once

#include <ATen/core/Tensor.h>
#include <torch/ordered_dict.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/checkpoint/load_report.h"
#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/checkpoint/tensor_value.h"
#include "libtorch_ext/formats/prefix.h"
#include "libtorch_ext/formats/rename.h"

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

/// How `load_state_dict` matches names. All empty: the file's must be the module's, but for the prefix.
struct LoadOptions {
  /// Whether a missing or unexpected key is an error.
  bool strict = true;
  PrefixPolicy prefix = PrefixPolicy::kFollow;
  /// Under which of the file's keys the state_dict stands; none: `find_state_dict` looks for it.
  std::optional<std::string> key;
  /// Applied in order to each of the file's keys, before the prefix is looked at.
  std::vector<formats::Rename> rename;
  /// Globs of the module's names (see `formats/glob.h`): what they don't match is neither loaded nor missing nor
  /// unexpected. Empty: all. One that matches no name is an error.
  std::vector<std::string> only;
  /// Globs of the module's names that are left alone in the same way. One that matches none of the module's and none of
  /// the file's is an error.
  std::vector<std::string> exclude;
  /// Loads what fits and leaves the rest as it is: for fine-tuning with another head. Off: a wrong shape is an error,
  /// as in Python, even without `strict`.
  bool skip_mismatched = false;
};

/// Copies a state_dict into `module`, in place: the parameters stay the same tensors.
///
/// `source` is what `load` returned: a dictionary of tensors, or a checkpoint that has one, or a whole model; see
/// `formats/find_state_dict.h`.
/// dtypes are converted to the module's, as Python does. Throws `CheckpointError` that lists **every** missing,
/// unexpected and mismatched entry, and one for damaged bytes; the module is unchanged then.
///
/// It is an error, whatever the options, when nothing fits: where none of the module's matrices and kernels is loaded,
/// of those that `only` and `exclude` choose (biases, norms and statistics alone are no weights to start from), and
/// where all of one number of dimensions, three at least, are of another shape: another layout, or another model.
///
///     auto report = tx::load_state_dict(*model, tx::load("wrapped.pth"));
///     tx::load_state_dict(*model, tx::load("imagenet.pth"), {.strict = false, .skip_mismatched = true});
///     tx::load_state_dict(*model, file, {.rename = {{"^encoder\\.", "backbone."}}, .only = {"backbone.*"}});
LoadReport load_state_dict(torch::nn::Module& module, const LoadedFile& source, const LoadOptions& options = {});
/// The same from another module's state_dict.
LoadReport load_state_dict(torch::nn::Module& module, const StateDict& source, const LoadOptions& options = {});

/// The value that Python's `torch.save` writes for a state_dict: an OrderedDict with `_metadata`.
Value to_value(const StateDict& state, TensorWriter& writer);

}  // namespace torch_ext

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/ordered_dict.h>

#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/checkpoint/loaded_file.h"
#include "libtorch_ext/formats/rename.h"

namespace torch_ext {

/// What `load_tensors` makes of a file's tensors.
struct LoadTensorsOptions {
  /// Where they go, wherever they were saved: Python's `map_location`.
  at::Device device = at::kCPU;
  /// The dtype that floating-point tensors get; none: they keep theirs.
  std::optional<at::ScalarType> dtype;
  /// Globs (see `formats/glob.h`) of names, as renamed. `only`: nothing else is read; empty: all.
  std::vector<std::string> only;
  /// Globs of names that are not read.
  std::vector<std::string> exclude;
  /// Applied in order to each name.
  std::vector<formats::Rename> rename;
};

/// All tensors of a file by name, in its order; nested keys are joined with dots, as `tx-ckpt ls` shows them:
/// "state_dict.conv1.weight". Tensors that share memory in the file share it here, unless their dtype is changed.
///
/// The tensors own their memory; what isn't asked for isn't read. Throws `CheckpointError` for damaged bytes and where
/// two tensors have one name.
///
///     auto tensors = tx::load_tensors(tx::load("model.pt"), {.device = at::kCUDA, .only = {"state_dict.*"}});
torch::OrderedDict<std::string, at::Tensor> load_tensors(const LoadedFile& file,
                                                         const LoadTensorsOptions& options = {});

}  // namespace torch_ext

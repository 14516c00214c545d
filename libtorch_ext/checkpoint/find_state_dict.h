#pragma once

#include <optional>
#include <string>

#include "libtorch_ext/checkpoint/loaded_file.h"

namespace torch_ext {

/// The state_dict in a file.
struct FoundStateDict {
  Value value;      ///< a dictionary
  std::string key;  ///< under which it stands; empty where it is the file's root

  const formats::Dict& dict() const { return *value.as<formats::Dict>(); }
};

/// Finds it under `key` or, without one, under "state_dict", else at the root where tensors stand there, else under
/// the only key whose value is a dictionary of tensors ("model", "net", "weights", …); among several, under the only
/// one of the usual names. Throws `CheckpointError` that lists the candidates where that isn't one.
FoundStateDict find_state_dict(const LoadedFile& file, const std::optional<std::string>& key = std::nullopt);

}  // namespace torch_ext

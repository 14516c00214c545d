#pragma once

#include <optional>
#include <string>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// The state_dict in what a file holds.
struct FoundStateDict {
  Value value;      ///< a `Dict`: the file's own, or the state_dict made of a whole model
  std::string key;  ///< under which it stands; empty where it is the file's root

  Dict& dict() { return *value.as<Dict>(); }
  const Dict& dict() const { return *value.as<Dict>(); }
};

/// Finds it under `key` or, without one, under "state_dict", else at the root where tensors stand there, else under
/// the only key whose value is a dictionary of tensors ("model", "net", "weights", …); among several, under the only
/// one of the usual names. A whole model (`torch.save(model)`) stands for its state_dict.
///
/// `file` is named in errors. Throws `FormatError` that lists the candidates where that isn't one.
FoundStateDict find_state_dict(const Value& root, const std::string& file,
                               const std::optional<std::string>& key = std::nullopt);

}  // namespace torch_ext::formats

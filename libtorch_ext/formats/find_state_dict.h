#pragma once

#include <string>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// Where a file keeps the state_dict of its model.
struct StateDictPlace {
  /// The key of `dict` in the file's root; empty where the root itself is the state_dict.
  std::string key;
  const Dict* dict;
};

/// The state_dict in what a checkpoint file holds: what stands under "state_dict" or another key that programs use for
/// it ("model_state_dict", "model", …), or the root where there is none. `dict` is null where the root is no
/// dictionary.
StateDictPlace find_state_dict(const Value& root);

}  // namespace torch_ext::formats

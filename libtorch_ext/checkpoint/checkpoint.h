#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/checkpoint/file.h"

namespace torch_ext {

/// A training run between two steps: what Python programs keep as
/// `{"epoch": …, "state_dict": …, "best_map": …, "lr": …, "optimizer": …}`.
///
///     tx::save(tx::Checkpoint{.epoch = 12, .state_dict = tx::state_dict(*model), .best = 0.41, .lr = 1e-3},
///     "last.pt");
struct Checkpoint {
  /// Completed epochs: the index of the epoch to go on with.
  int64_t epoch = 0;
  StateDict state_dict;
  /// The name and best value so far of the metric that is watched; stored as "best_map", "best_accuracy", …
  std::string metric = "map";
  std::optional<double> best;
  double lr = 0;
  /// From `optimizer_state_dict`.
  Value optimizer;
  /// Whatever else resuming needs, appended in this order.
  std::vector<std::pair<std::string, Value>> more;
};

/// The dictionary that is written. Its tensors are the checkpoint's own, not copies.
Value to_value(const Checkpoint& checkpoint);

/// Writes the checkpoint; see `save` in `checkpoint/file.h` for what is promised.
void save(const Checkpoint& checkpoint, const std::string& path);

}  // namespace torch_ext

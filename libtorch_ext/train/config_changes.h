#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torch_ext {

/// A key that is another one in a config than in an earlier one, both as JSON: {"/data/batch_size", "16", "8"}.
struct ConfigChange {
  std::string pointer;
  std::string before;
  std::string now;

  bool is_below(std::string_view start) const { return pointer.starts_with(start); }
  /// "data.batch_size"
  std::string key() const;
  /// Whether a run that goes on does so otherwise for it: not for its logs, threads and end, nor for what its checkpoint
  /// decides (the options of the optimizer, the schedule, the random numbers).
  bool takes_effect() const;
};

/// The keys that two configs (see `to_json(TrainConfig)`) both have, and that differ, objects key by key. Empty where one
/// of them is no JSON.
std::vector<ConfigChange> config_changes(const std::string& before, const std::string& now);

}  // namespace torch_ext

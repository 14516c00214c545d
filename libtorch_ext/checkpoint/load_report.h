#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace torch_ext {

/// An entry that is one thing in the file and another in the module.
struct Mismatch {
  std::string name;  ///< the module's
  std::string found;
  std::string expected;
};

/// What `load_state_dict` found and did. Each of the module's tensors is in one of the first five lists.
struct LoadReport {
  std::vector<std::string> loaded;      ///< the module's names
  std::vector<std::string> missing;     ///< Python's `missing_keys`: the module's names
  std::vector<Mismatch> mismatched;     ///< of another shape, or no tensor: not loaded
  std::vector<std::string> left_out;    ///< that `only` and `exclude` left alone
  std::vector<std::string> newer;       ///< that the module's layout has only since the file was written: not missed
  std::vector<std::string> unexpected;  ///< Python's `unexpected_keys`: the file's names
  std::vector<Mismatch> converted;      ///< loaded, from another dtype: "float64", "float32"
  std::optional<size_t> renamed;        ///< so many of the file's keys, by `rename`; nothing without it
  /// "stripped \"module.\"", "added \"module.\"", or empty.
  std::string prefix;
  std::string file;  ///< empty where the tensors came from none
  /// Under which of the file's keys the state_dict stood; empty: at the root.
  std::string key;
  /// Other keys of the file with such a state_dict: averaged weights.
  std::vector<std::string> beside;

  /// How many tensors the module has.
  size_t total() const {
    return loaded.size() + missing.size() + mismatched.size() + left_out.size() + newer.size();
  }
};

/// The report in one line; long lists are cut, with a count:
///
///     120 of 122 tensors from resnet18.pth; not: fc.weight, fc.bias (other shape)
///     122 of 122 tensors from wrapped.pth, under "state_dict"; stripped "module."; converted: 102 from float16
std::string to_text(const LoadReport& report);

}  // namespace torch_ext

#pragma once

#include <string>
#include <vector>

namespace torch_ext::formats {

/// What becomes of "module.", which DataParallel and DistributedDataParallel put before every key.
enum class PrefixPolicy {
  kFollow,  ///< strip or add it, as the module needs
  kKeep,    ///< take the keys as they are
  kStrip,   ///< take it off wherever every key has it
  kAdd,     ///< put it before every key
};

/// How a file's keys become a module's: so many "module." off, so many on.
struct PrefixChange {
  size_t strip = 0;
  size_t add = 0;

  std::string apply(const std::string& key) const;
  /// "stripped \"module.\"", "added \"module.\"", or empty.
  std::string to_words() const;
};

/// The change that `policy` asks for. `kFollow` counts how many "module." all keys on each side share (a wrapper in
/// a wrapper has two), and leaves the keys alone where more of them fit as they are.
PrefixChange prefix_change(const std::vector<std::string>& file_keys, const std::vector<std::string>& module_keys,
                           PrefixPolicy policy);

}  // namespace torch_ext::formats

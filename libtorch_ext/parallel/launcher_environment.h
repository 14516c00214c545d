#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace torch_ext {

/// What a launcher such as torchrun tells each of its processes, by environment variables.
struct LauncherEnvironment {
  int rank = 0;              ///< RANK: this process, of all
  int world_size = 1;        ///< WORLD_SIZE: how many there are
  int local_rank = 0;        ///< LOCAL_RANK: this process, of those on its machine; RANK where it isn't set
  int local_world_size = 1;  ///< LOCAL_WORLD_SIZE: how many are on its machine; WORLD_SIZE where it isn't set
  std::string master_addr;   ///< MASTER_ADDR: where the store listens
  uint16_t master_port = 0;  ///< MASTER_PORT
  /// TORCHELASTIC_RESTART_COUNT: how often the launcher has started the processes anew.
  int restart_count = 0;
  /// TORCHELASTIC_USE_AGENT_STORE: the launcher's own process listens, so that no rank has to.
  bool store_is_launchers = false;
};

/// Returns an environment variable's value; nothing where it isn't set.
using GetEnvironment = std::function<std::optional<std::string>(const char* name)>;

/// The variables of this process.
std::optional<std::string> process_environment(const char* name);

/// Reads them. Nothing where neither RANK nor WORLD_SIZE is set: the process wasn't started by a launcher. Throws
/// `ProcessGroupError` that names the variable where others are missing or no numbers.
std::optional<LauncherEnvironment> launcher_environment(const GetEnvironment& get = process_environment);

}  // namespace torch_ext

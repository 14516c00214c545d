#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libtorch_ext/checkpoint/loaded_file.h"

/// The folder of a run's checkpoints: `last.pt`, `best.pt`, and `epoch-0010.pt`, `epoch-0020.pt`, ….
namespace torch_ext {

inline constexpr const char* kLastCheckpoint = "last.pt";
inline constexpr const char* kBestCheckpoint = "best.pt";

/// "epoch-0012.pt" for 12.
std::string epoch_checkpoint(int64_t epoch);
/// 12 for "epoch-0012.pt"; nothing for any other name.
std::optional<int64_t> epoch_of_checkpoint(std::string_view name);

/// The names of the checkpoints in `folder`: `last.pt`, `best.pt`, then the epochs', newest first. Empty without a
/// folder. Throws `CheckpointError` for one that can't be read.
std::vector<std::string> list_checkpoints(const std::string& folder);

/// A checkpoint to go on from, and those that would have come before it.
struct ResumableCheckpoint {
  /// Nothing where the folder has no checkpoint at all.
  std::optional<LoadedFile> file;
  struct Skipped {
    std::string path;
    std::string problem;
  };
  /// In the order in which they were tried.
  std::vector<Skipped> skipped;
};

/// Looks for the newest checkpoint in `folder` that is whole: `last.pt`, else the file of the highest epoch, `best.pt`
/// among them. Whole means: every CRC-32 that it carries is right, it can be read, and it has an "epoch" and a
/// "state_dict". Changes nothing.
///
/// Throws `CheckpointError` that tells what is wrong with each where there are checkpoints and none is whole.
///
///     auto found = tx::find_resumable("runs/a");
///     for (const auto& [path, problem] : found.skipped) std::cerr << path << ": " << problem << '\n';
///     if (found.file) tx::load_state_dict(*model, *found.file);
ResumableCheckpoint find_resumable(const std::string& folder);

}  // namespace torch_ext

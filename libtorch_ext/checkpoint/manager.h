#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/checkpoint/checkpoint.h"
#include "libtorch_ext/checkpoint/folder.h"
#include "libtorch_ext/formats/file/folder_lock.h"
#include "libtorch_ext/formats/pickle/snapshot.h"

namespace torch_ext {

/// Which of two values of a metric is the better one.
enum class MetricMode {
  kMax,  ///< the higher: an accuracy
  kMin,  ///< the lower: a loss
};

/// Whether the end of an epoch is the best so far, where the caller knows.
enum class IsBest { kNo, kYes };

struct CheckpointManagerOptions {
  /// Keeps the end of each so many epochs under its own name, `epoch-0010.pt`; null: none.
  std::optional<int64_t> every_epochs;
  /// How many of those stay, the newest; null: all.
  std::optional<int64_t> keep;
  MetricMode mode = MetricMode::kMax;
  /// Whether saves return once they have copied the state, and one thread writes the copy while training goes on.
  /// Takes as much memory as the state has. False: they return when the files are on the disk, and copy nothing.
  bool background = true;
};

/// Keeps the checkpoints of a run in a folder: `last.pt`, `best.pt` by a metric, and every N epochs one that stays.
/// They are whole files of their own, not links: one that is damaged leaves the others to go on from.
///
/// Each file is written beside, brought to the disk and renamed: a process that dies leaves the old or the new one,
/// `last.pt` comes after the others, and an old `epoch-….pt` goes once the new ones are on the disk. What lies in the
/// folder under these names is the manager's to replace and, with `keep`, to remove: no epoch later than the one that
/// is saved, though. The folder is locked against a second manager, in this process or another.
///
///     tx::CheckpointManager checkpoints("runs/a", {.every_epochs = 10, .keep = 3});
///     for (int64_t epoch = 1; epoch <= 90; ++epoch) {
///       …
///       if (checkpoints.save_epoch({.epoch = epoch, .state_dict = tx::state_dict(*model), .best = best}, accuracy)) {
///         best = accuracy;
///       }
///     }
///     checkpoints.wait();
///
/// Not for use by several threads at once.
class CheckpointManager {
 public:
  /// Makes the folder where there is none, and locks it; nothing else in it changes before the first save or
  /// `remove_leftovers`. Throws `CheckpointError`: the folder is in use, read-only, …
  explicit CheckpointManager(std::string folder, CheckpointManagerOptions options = {});
  /// Waits for the save under way, whose error is lost: call `wait()` before.
  ~CheckpointManager();

  /// Removes the half-written files that a killed process left. The first save does it, too.
  void remove_leftovers();

  /// Writes `last.pt`, in the middle of an epoch or wherever.
  ///
  /// In the background, one save is under way at a time, and the next one waits for it. What went wrong with the last
  /// is thrown by the next call, whichever it is, once; a save that throws it hasn't begun. The first save of a folder
  /// is waited for, so that trouble with the folder shows at once. Throws `CheckpointError`.
  void save(const Checkpoint& checkpoint);

  /// Writes what the end of an epoch asks for: `best.pt` if `value` is better than `checkpoint.best`, which it then
  /// replaces in all files; `epoch-….pt` when it is due by `checkpoint.epoch`; `last.pt`. Returns whether `value` is
  /// the best; NaN never is.
  bool save_epoch(Checkpoint checkpoint, std::optional<double> value = std::nullopt);

  /// The same for a caller that compares by itself, by several metrics, say. `checkpoint.best` is the best so far, this
  /// epoch's included, and written as it is.
  void save_epoch(const Checkpoint& checkpoint, IsBest is_best);

  /// Returns when the save under way is on the disk; throws what went wrong with it.
  void wait();

  const std::string& folder() const { return folder_; }
  /// Empty, or why the folder isn't locked; see `formats::FolderLock::problem`.
  const std::string& lock_problem() const { return lock_.problem(); }

 private:
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const Value& value, const std::vector<std::string>& names);
  void write_files(const formats::Pickle& pickle, const std::vector<std::string>& names) const;
  void remove_old_epochs(int64_t newest) const;

  std::string folder_;
  CheckpointManagerOptions options_;
  formats::FolderLock lock_;
  formats::Snapshot snapshot_;
  bool is_clean_ = false;  // of half-written files
  std::future<void> writing_;  // the last member: its destructor waits for the thread, which uses the others
};

}  // namespace torch_ext

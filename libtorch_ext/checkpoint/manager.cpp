#include "libtorch_ext/checkpoint/manager.h"

#include <c10/util/Exception.h>

#include <cmath>
#include <filesystem>
#include <utility>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"

namespace fs = std::filesystem;

namespace torch_ext {
namespace {

formats::FolderLock make_and_lock(const std::string& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem)
    throw CheckpointError(folder, "can't hold a run's files: " + problem.message() + "; choose another folder");
  try {
    return formats::FolderLock(folder);
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
}

bool is_better(double value, std::optional<double> best, MetricMode mode) {
  if (std::isnan(value)) return false;
  if (!best || std::isnan(*best)) return true;
  return mode == MetricMode::kMax ? value > *best : value < *best;
}

}  // namespace

CheckpointManager::CheckpointManager(std::string folder, CheckpointManagerOptions options)
    : folder_(std::move(folder)), options_(options), lock_(make_and_lock(folder_)) {
  TORCH_CHECK_VALUE(options_.every_epochs.value_or(1) >= 1, "every_epochs: found ", *options_.every_epochs,
                    ", expected at least 1");
  TORCH_CHECK_VALUE(options_.keep.value_or(1) >= 1, "keep: found ", *options_.keep, ", expected at least 1");
}

CheckpointManager::~CheckpointManager() {
  if (!is_clean_) lock_.leave_as_found();
}

void CheckpointManager::save(const Checkpoint& checkpoint) { write(to_value(checkpoint), {kLastCheckpoint}); }

bool CheckpointManager::save_epoch(Checkpoint checkpoint, std::optional<double> value) {
  const bool is_best = value && is_better(*value, checkpoint.best, options_.mode);
  if (is_best) checkpoint.best = value;
  save_epoch(checkpoint, is_best ? IsBest::kYes : IsBest::kNo);
  return is_best;
}

void CheckpointManager::save_epoch(const Checkpoint& checkpoint, IsBest is_best) {
  std::vector<std::string> names;
  if (options_.every_epochs && checkpoint.epoch % *options_.every_epochs == 0) {
    names.push_back(epoch_checkpoint(checkpoint.epoch));
  }
  if (is_best == IsBest::kYes) names.emplace_back(kBestCheckpoint);
  names.emplace_back(kLastCheckpoint);
  write(to_value(checkpoint), names);
}

void CheckpointManager::wait() {
  if (writing_.valid()) writing_.get();
}

void CheckpointManager::remove_leftovers() {
  if (std::exchange(is_clean_, true)) return;
  for (const char* name : {kLastCheckpoint, kBestCheckpoint}) formats::remove_leftovers(path(name));
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (epoch_of_checkpoint(formats::target_of_temporary(name))) fs::remove(entry.path(), ignored);
  }
}

void CheckpointManager::write(const Value& value, const std::vector<std::string>& names) {
  wait();
  remove_leftovers();
  const std::string last = path(kLastCheckpoint);
  try {
    if (!options_.background) return write_files(formats::write_pickle(value, last), names);
    snapshot_.take(value, last);
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
  std::error_code ignored;
  const bool is_first = !fs::exists(last, ignored);
  writing_ = std::async(std::launch::async, [this, names] {
    write_files(snapshot_.pickle(), names);
    snapshot_.clear();  // what came from other devices need not wait for the next save
  });
  if (is_first) wait();
}

void CheckpointManager::write_files(const formats::Pickle& pickle, const std::vector<std::string>& names) const {
  try {
    for (const auto& name : names) {
      if (const std::string holder = lock_.new_holder(); !holder.empty()) {
        throw CheckpointError(folder_, "was removed, and is another process's by now (" + holder + "); left alone");
      }
      formats::write_pytorch_zip(pickle, path(name));
    }
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
  const auto epoch = epoch_of_checkpoint(names.front());
  if (epoch && options_.keep) remove_old_epochs(*epoch);
}

void CheckpointManager::remove_old_epochs(int64_t newest) const {
  int64_t kept = 0;
  for (const auto& name : list_checkpoints(folder_)) {
    const auto epoch = epoch_of_checkpoint(name);
    if (!epoch || *epoch > newest || ++kept <= *options_.keep) continue;
    std::error_code error;
    fs::remove(path(name), error);
    if (error) throw CheckpointError(path(name), "can't be removed: " + error.message());
  }
}

}  // namespace torch_ext

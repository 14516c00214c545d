#include "libtorch_ext/checkpoint/folder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/checkpoint/file.h"

namespace fs = std::filesystem;

namespace torch_ext {
namespace {

constexpr std::string_view kEpochStart = "epoch-";
constexpr std::string_view kEpochEnd = ".pt";
constexpr size_t kEpochDigits = 4;
constexpr int64_t kFirst = std::numeric_limits<int64_t>::max();

std::string problem_of(const CheckpointError& error) {
  std::string text = error.what();
  const std::string subject = error.file() + ": ";
  return text.starts_with(subject) ? text.substr(subject.size()) : text;
}

// What a file of that name comes before or after: an epoch. A best.pt that can't be read is as good as new, so that it
// is tried and reported.
int64_t age_of(const std::string& folder, const std::string& name) {
  if (name == kLastCheckpoint) return kFirst;
  if (const auto epoch = epoch_of_checkpoint(name)) return *epoch;
  try {
    return load((fs::path(folder) / name).string(), {.verify = formats::Verify::kSkip}).integer("epoch");
  } catch (const CheckpointError&) {
    return kFirst;
  }
}

std::vector<std::string> newest_first(const std::string& folder) {
  std::vector<std::pair<int64_t, std::string>> dated;
  for (auto& name : list_checkpoints(folder)) {
    const int64_t age = age_of(folder, name);
    dated.emplace_back(age, std::move(name));
  }
  std::ranges::stable_sort(dated, std::greater(), [](const auto& entry) { return entry.first; });
  std::vector<std::string> names;
  for (auto& [age, name] : dated) names.push_back(std::move(name));
  return names;
}

LoadedFile load_whole(const std::string& path) {
  LoadedFile file = load(path, {.verify = formats::Verify::kNow});
  file.integer("epoch");
  file.at("state_dict");
  return file;
}

}  // namespace

std::string epoch_checkpoint(int64_t epoch) {
  std::string digits = std::to_string(epoch);
  digits.insert(0, kEpochDigits - std::min(kEpochDigits, digits.size()), '0');
  return std::string(kEpochStart) + digits + std::string(kEpochEnd);
}

std::optional<int64_t> epoch_of_checkpoint(std::string_view name) {
  if (!name.starts_with(kEpochStart)) return std::nullopt;
  int64_t epoch = -1;
  const std::string_view digits = name.substr(kEpochStart.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  return epoch >= 0 && name == epoch_checkpoint(epoch) ? std::optional(epoch) : std::nullopt;
}

std::vector<std::string> list_checkpoints(const std::string& folder) {
  std::vector<std::string> names;
  std::vector<int64_t> epochs;
  try {
    for (const char* name : {kLastCheckpoint, kBestCheckpoint}) {
      if (fs::exists(fs::path(folder) / name)) names.emplace_back(name);
    }
    if (!fs::exists(folder)) return names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (const auto epoch = epoch_of_checkpoint(entry.path().filename().string())) epochs.push_back(*epoch);
    }
  } catch (const fs::filesystem_error& error) {
    throw CheckpointError(folder, "can't be read: " + error.code().message());
  }
  std::ranges::sort(epochs, std::greater());
  for (const int64_t epoch : epochs) names.push_back(epoch_checkpoint(epoch));
  return names;
}

ResumableCheckpoint find_resumable(const std::string& folder) {
  ResumableCheckpoint found;
  std::string problems;
  for (const auto& name : newest_first(folder)) {
    const std::string path = folder + "/" + name;
    try {
      found.file = load_whole(path);
      return found;
    } catch (const CheckpointError& error) {
      found.skipped.push_back({path, problem_of(error)});
      problems += (problems.empty() ? "" : "; ") + name + ": " + found.skipped.back().problem;
    }
  }
  if (!problems.empty()) {
    throw CheckpointError(
        folder, "found no whole checkpoint to go on from: " + problems + "; move them away to start anew without");
  }
  return found;
}

}  // namespace torch_ext

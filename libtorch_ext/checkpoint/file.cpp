#include "libtorch_ext/checkpoint/file.h"

#include <algorithm>
#include <filesystem>

#include "libtorch_ext/checkpoint/error.h"
#include "libtorch_ext/core/closest.h"
#include "libtorch_ext/core/few_of.h"
#include "libtorch_ext/formats/checkpoint_name.h"

namespace fs = std::filesystem;

namespace torch_ext {
namespace {

std::vector<std::string> checkpoints_in(const fs::path& folder) {
  constexpr size_t kMost = 10'000;
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    std::string name = entry.path().filename().string();
    if (formats::is_checkpoint_name(name)) names.push_back(std::move(name));
    if (names.size() == kMost) break;
  }
  std::sort(names.begin(), names.end());
  return names;
}

// What else could have been meant by a path at which there is no file, as the tail of an error; or nothing.
std::string instead_of(const std::string& path) {
  std::error_code ignored;
  const fs::path whole(path);
  if (fs::exists(whole, ignored)) return "";
  const fs::path folder = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
  if (!fs::exists(folder, ignored)) return "; there is no folder " + folder.string();
  const auto names = checkpoints_in(folder);
  if (const std::string near = did_you_mean(whole.filename().string(), names); !near.empty()) return near;
  return names.empty() ? "" : "; found there: " + few_of(names);
}

}  // namespace

LoadedFile load(const std::string& path, const formats::ReadOptions& options) {
  try {
    return {path, formats::read_tensor_file(path, options).root};
  } catch (const formats::FormatError& error) {
    const std::string instead = error.file() == path ? instead_of(path) : "";
    if (instead.empty()) throw CheckpointError(error);
    throw CheckpointError(path, std::string(error.what()).substr(path.size() + 2) + instead);
  }
}

void save(const Value& value, const std::string& path, const formats::WriteOptions& options) {
  try {
    formats::write_tensor_file(value, path, options);
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  }
}

void save(const StateDict& state, const std::string& path, const formats::WriteOptions& options) {
  TensorWriter writer;
  save(to_value(state, writer), path, options);
}

}  // namespace torch_ext

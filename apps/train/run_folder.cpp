#include "run_folder.h"

#include <filesystem>

#include "libtorch_ext/checkpoint/folder.h"
#include "libtorch_ext/core/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"

namespace fs = std::filesystem;

namespace {

constexpr const char* kFiles[] = {"metrics.csv", "steps.csv", "config.json", "report.html", "tensorboard"};

}  // namespace

bool RunFolder::is_last(const std::string& checkpoint) const {
  std::error_code neither_there;
  return fs::equivalent(checkpoint, file(torch_ext::kLastCheckpoint), neither_there);
}

std::string RunFolder::begin_anew() const {
  try {
    auto names = torch_ext::list_checkpoints(path);
    if (names.empty() && !fs::exists(file("metrics.csv"))) return "";
    names.insert(names.end(), std::begin(kFiles), std::end(kFiles));
    int number = 1;
    while (fs::exists(file("earlier-" + std::to_string(number)))) ++number;
    const std::string earlier = file("earlier-" + std::to_string(number));
    fs::create_directory(earlier);
    for (const auto& name : names) {
      if (fs::exists(file(name))) fs::rename(file(name), fs::path(earlier) / name);
    }
    return earlier;
  } catch (const fs::filesystem_error& error) {
    throw torch_ext::Error(path + ": can't hold a run's files: " + error.code().message() +
                           "; choose another folder with --output");
  }
}

void RunFolder::remove_leftovers() const {
  for (const char* name : kFiles) torch_ext::formats::remove_leftovers(file(name));
}

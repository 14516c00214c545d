#include "write_out.h"

#include <filesystem>
#include <stdexcept>
#include <vector>

namespace ckpt {
namespace {

namespace fs = std::filesystem;

/// The folders that have to be made for `path`, the innermost first.
std::vector<fs::path> missing_folders(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code unknown;
  for (fs::path folder = path.parent_path(); !folder.empty() && !fs::exists(folder, unknown);
       folder = folder.parent_path()) {
    missing.push_back(folder);
  }
  return missing;
}

}  // namespace

void write_out(const torch_ext::formats::Value& root, const std::string& path,
               const torch_ext::formats::WriteOptions& options) {
  const auto made = missing_folders(path);
  std::error_code error;
  if (!made.empty()) fs::create_directories(made.front(), error);
  if (error) throw std::invalid_argument(path + ": its folder can't be made: " + error.message());
  try {
    torch_ext::formats::write_tensor_file(root, path, options);
  } catch (...) {
    for (const fs::path& folder : made) fs::remove(folder, error);  // only an empty one goes
    throw;
  }
}

}  // namespace ckpt

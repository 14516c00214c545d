#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace torch_ext::testing {

/// An empty folder that goes, with all that is in it, when its object does.
///
///     TempDir dir;
///     write(dir / "model.pt");
class TempDir {
 public:
  TempDir() : path_(std::filesystem::temp_directory_path() / "libtorch_ext-XXXXXX") {
    std::string pattern = path_.string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder can be made at " + pattern);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// The path of a file in the folder.
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace torch_ext::testing

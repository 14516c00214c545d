#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace torch_ext {

/// The first file of one of these names in the first folder that has one. Folders of such a name don't count.
inline std::optional<std::string> find_file(const std::vector<std::filesystem::path>& folders,
                                            const std::vector<std::string>& names) {
  for (const auto& folder : folders) {
    for (const std::string& name : names) {
      const auto path = folder / name;
      std::error_code error;
      if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error)) return path.string();
    }
  }
  return std::nullopt;
}

}  // namespace torch_ext

#pragma once

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace torch_ext::testing {

/// The whole content of a file.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("can't read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Makes or replaces a file.
inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  if (!file.write(content.data(), static_cast<std::streamsize>(content.size()))) {
    throw std::runtime_error("can't write " + path);
  }
}

/// As `write_file`, for thousands of times: ext4 brings a file that is truncated and written again to the disk, which
/// takes milliseconds.
inline void write_file_anew(const std::string& path, std::string_view content) {
  std::remove(path.c_str());
  write_file(path, content);
}

}  // namespace torch_ext::testing

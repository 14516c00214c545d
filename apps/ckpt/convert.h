#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace ckpt {

struct ConvertOptions {
  std::string in;
  std::string out;
  std::string key;
  std::string prefix = "keep";
  std::vector<std::string> renames;
  std::vector<std::string> only;
  std::string dtype;
  std::string max_shard_size;
  bool legacy = false;
};

/// Writes what one file holds to another, edited on the way; says in one line what was written.
void convert(const ConvertOptions& options, std::ostream& out);

}  // namespace ckpt

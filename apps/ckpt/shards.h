#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace ckpt {

struct MergeOptions {
  std::vector<std::string> in;
  std::string out;
  std::string format;  ///< as in ConvertOptions
};

/// Writes the dictionaries of several files as one. Throws where two of them have the same key.
void merge(const MergeOptions& options, std::ostream& out);

}  // namespace ckpt

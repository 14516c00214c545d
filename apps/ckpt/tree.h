#pragma once

#include <iosfwd>
#include <string>

namespace ckpt {

struct TreeOptions {
  std::string file;
  bool json = false;
  int depth = 100;  ///< levels that are shown
};

/// Prints what the file holds as a tree of modules and tensors.
void tree(const TreeOptions& options, std::ostream& out);

}  // namespace ckpt

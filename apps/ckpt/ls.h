#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace ckpt {

struct LsOptions {
  std::vector<std::string> files;
  bool json = false;
  bool digest = false;
};

/// Prints what each file holds: a table for people, or JSON; see `each_file`. Throws before anything of a file is
/// printed.
bool ls(const LsOptions& options, std::ostream& out);

}  // namespace ckpt

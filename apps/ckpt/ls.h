#pragma once

#include <iosfwd>
#include <string>

namespace ckpt {

struct LsOptions {
  std::string file;
  bool json = false;
  bool digest = false;
};

/// Prints what the file holds: a table for people, or JSON. Throws before anything is printed.
void ls(const LsOptions& options, std::ostream& out);

}  // namespace ckpt

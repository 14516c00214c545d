#pragma once

#include <iosfwd>
#include <string>

namespace ckpt {

struct PrintOptions {
  std::string file;
  std::string key;
  bool json = false;
};

/// Prints one value of the file as Python prints it, all of it.
void print(const PrintOptions& options, std::ostream& out);

}  // namespace ckpt

#pragma once

#include <iosfwd>
#include <string>

namespace ckpt {

struct VerifyOptions {
  std::string file;
  bool json = false;
};

/// Reads the whole file and compares every CRC-32 that it carries. Throws where it is damaged.
void verify(const VerifyOptions& options, std::ostream& out);

}  // namespace ckpt

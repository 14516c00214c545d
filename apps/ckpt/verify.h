#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace ckpt {

struct VerifyOptions {
  std::vector<std::string> files;
  bool json = false;
};

/// Reads each file whole and compares every CRC-32 that it carries; see `each_file`. Bad is what is damaged, and what
/// torch.load would refuse.
bool verify(const VerifyOptions& options, std::ostream& out);

}  // namespace ckpt

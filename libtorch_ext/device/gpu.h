#pragma once

#include <cstdint>
#include <string>

namespace torch_ext {

/// A GPU, or a MIG instance of one, as the machine's driver names it.
struct Gpu {
  std::string uuid;  ///< "GPU-…" or "MIG-…", as nvidia-smi prints it
  std::string name;
  int64_t free_bytes = 0;
  int64_t total_bytes = 0;
};

}  // namespace torch_ext

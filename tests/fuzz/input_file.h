#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unistd.h>

#include "tests/support/files.h"

/// A fuzzer's input as a file in memory, for readers that take a path. Goes with its object.
class InputFile {
 public:
  InputFile(const uint8_t* data, size_t size) {
    torch_ext::testing::write_file(path, {reinterpret_cast<const char*>(data), size});
  }
  ~InputFile() { unlink(path.c_str()); }

  const std::string path = "/dev/shm/libtorch_ext-fuzz-" + std::to_string(getpid());
};

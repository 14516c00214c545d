#include <unistd.h>

#include <cstdint>
#include <string>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/idx.h"
#include "tests/support/files.h"

using namespace torch_ext::formats;

// Any file, plain or gzip, either is an IDX array or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = "/dev/shm/libtorch_ext-fuzz-" + std::to_string(getpid());
  torch_ext::testing::write_file(path, {reinterpret_cast<const char*>(data), size});
  try {
    read_idx(path);
  } catch (const FormatError&) {
  }
  unlink(path.c_str());
  return 0;
}

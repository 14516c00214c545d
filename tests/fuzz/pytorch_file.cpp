#include <unistd.h>

#include <cstdint>
#include <string>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pytorch_file.h"
#include "tests/support/files.h"

using namespace torch_ext::formats;

// Any file either reads, down to the last element of its tensors, or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = "/dev/shm/libtorch_ext-fuzz-" + std::to_string(getpid());
  torch_ext::testing::write_file(path, {reinterpret_cast<const char*>(data), size});
  try {
    std::vector<std::byte> scratch;
    for (const auto& [name, tensor] : named_tensors(read_pytorch_file(path).root)) row_major_bytes(tensor, scratch);
  } catch (const FormatError&) {
  } catch (const std::length_error&) {  // views that expand beyond any memory
  }
  unlink(path.c_str());
  return 0;
}

#include "libtorch_ext/formats/pytorch/pytorch_tar.h"

#include "tests/fuzz/read_all.h"

// Any file either reads, down to the last element of its tensors, or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return read_all(data, size, [](const std::string& path) { return read_pytorch_tar(path).root; });
}

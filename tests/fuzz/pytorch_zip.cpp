#include "libtorch_ext/formats/pytorch_zip.h"

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "tests/fuzz/input_file.h"

using namespace torch_ext::formats;

// Any file either reads, down to the last element of its tensors, or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const InputFile file(data, size);
  try {
    std::vector<std::byte> scratch;
    for (const auto& [name, tensor] : named_tensors(read_pytorch_zip(file.path).root)) row_major_bytes(tensor, scratch);
  } catch (const FormatError&) {
  } catch (const std::length_error&) {  // views that expand beyond any memory
  }
  return 0;
}

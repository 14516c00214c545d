#include "libtorch_ext/formats/safetensors/safetensors.h"

#include <cstdint>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "tests/fuzz/input_file.h"

using namespace torch_ext::formats;

namespace {

void use(const TensorFile& file) {
  std::vector<std::byte> scratch;
  for (const auto& [name, tensor] : named_tensors(file.root)) row_major_bytes(tensor, scratch);
}

}  // namespace

// Any file either reads, down to the last element of its tensors, or gives a FormatError; what reads can be written,
// and then reads again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const InputFile input(data, size);
  TensorFile file;
  try {
    file = read_safetensors(input.path);
  } catch (const FormatError&) {
    return 0;
  }
  use(file);
  write_safetensors(file.root, input.path, {.durable = false});
  use(read_safetensors(input.path));
  return 0;
}

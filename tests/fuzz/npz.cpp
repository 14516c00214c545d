#include "libtorch_ext/formats/numpy/npz.h"

#include <cstdint>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "tests/fuzz/input_file.h"

using namespace torch_ext::formats;

// Any file either is some arrays, down to their last elements, or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const InputFile file(data, size);
  try {
    std::vector<std::byte> scratch;
    for (const auto& [name, array] : NpzFile(file.path).read_all()) {
      check_bounds(array);
      row_major_bytes(array, scratch);
    }
  } catch (const FormatError&) {
  }
  return 0;
}

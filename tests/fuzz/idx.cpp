#include "libtorch_ext/formats/idx.h"

#include <cstdint>

#include "libtorch_ext/formats/error.h"
#include "tests/fuzz/input_file.h"

using namespace torch_ext::formats;

// Any file, plain or gzip, either is an IDX array or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const InputFile file(data, size);
  try {
    read_idx(file.path);
  } catch (const FormatError&) {
  }
  return 0;
}

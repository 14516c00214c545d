#include "tests/fuzz/decode_any.h"

// Any bytes either are a WebP or give a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return decode_any(data, size, torch_ext::ImageFormat::kWebp);
}

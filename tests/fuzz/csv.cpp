#include "libtorch_ext/formats/csv.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "libtorch_ext/formats/error.h"

using namespace torch_ext::formats;

// Any text either is records, whose fields are there, or gives a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  volatile char last = 0;
  try {
    CsvReader csv({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (std::vector<std::string_view> fields; csv.next(fields);) {
      for (const auto field : fields) {
        if (!field.empty()) last = field.back();
      }
    }
  } catch (const FormatError&) {
  }
  (void)last;
  return 0;
}

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "libtorch_ext/formats/pytorch/module_repr.h"
#include "libtorch_ext/formats/repr.h"

using namespace torch_ext::formats;

// Any bytes either are a pickle or give a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto storage = std::make_shared<const Storage>(64, [] { return std::vector<std::byte>(64); });
  try {
    const Value root = read_pickle(std::as_bytes(std::span(data, size)), "fuzz", [&](const Value&) { return storage; });
    repr(root, 1000);
    named_tensors(root);
    if (const Value* model = find_module(root)) {
      module_repr(*model, "fuzz");
      module_state_dict(*model, "fuzz");
    }
  } catch (const FormatError&) {
  } catch (const std::length_error&) {  // named_tensors: shared containers multiply
  }
  return 0;
}

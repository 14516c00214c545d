#pragma once

#include <stdexcept>
#include <string>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/files.h"

namespace torch_ext::formats {

/// A small value with a bit of everything: what is saved in order to be damaged.
inline Value small_value() {
  Tensor column = make_tensor(DType::Half, {4, 2});
  column.shape = {4};
  column.stride = {2};
  return Dict{{{"a", make_tensor({1, 2})}, {"b", column}, {"c", List{{1, 2.5, "x"}}}}};
}

/// Reads all there is to read in a file. False where that throws what readers may throw.
inline bool loads(const std::string& path) {
  try {
    for (const auto& [name, tensor] : named_tensors(read_tensor_file(path).root)) elements(tensor);
    return true;
  } catch (const FormatError&) {
    return false;
  } catch (const std::length_error&) {
    return false;  // a stride turned 0
  }
}

/// How many of the files that differ from `good` in one bit load; each is written to `path` in turn.
inline size_t flips_that_load(const std::string& good, const std::string& path) {
  size_t loaded = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      testing::write_file_anew(path, bad);
      loaded += loads(path);
    }
  }
  return loaded;
}

}  // namespace torch_ext::formats

#pragma once

#include <stdexcept>
#include <string>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/tensor_file.h"
#include "tests/formats/make_tensor.h"

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

}  // namespace torch_ext::formats

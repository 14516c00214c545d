#pragma once

#include <cstddef>
#include <string>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// One line that reads as Python's `repr` does: `{'lr': 0.1, 'betas': (0.9, 0.999)}`. Tensors are shown by shape and
/// dtype. Ends in "…" after about `max_length` bytes, however large, deep or cyclic `value` is.
std::string repr(const Value& value, size_t max_length);

}  // namespace torch_ext::formats

#pragma once

#include <utility>

#include "libtorch_ext/data/error.h"
#include "libtorch_ext/formats/error.h"

namespace torch_ext {

/// What `read()` returns; a `FormatError` becomes a `DataError` of the same message and file.
template <class Read>
auto as_data_error(const Read& read) {
  try {
    return read();
  } catch (const formats::FormatError& error) {
    throw DataError(error.file(), std::string(error.what()).substr(error.file().size() + 2));
  }
}

}  // namespace torch_ext

#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "libtorch_ext/checkpoint/error.h"

namespace torch_ext {

/// Calls `use()`, which reads what `formats/` holds, and returns what it returns. What that room throws, a wrong
/// CRC-32 at the first use of a storage, say, becomes a `CheckpointError`; where it names no file, `file` is named.
template <class Use>
decltype(auto) with_checkpoint_errors(const std::string& file, Use&& use) {
  try {
    return std::forward<Use>(use)();
  } catch (const formats::FormatError& error) {
    throw CheckpointError(error);
  } catch (const std::logic_error& error) {  // std::invalid_argument, std::length_error
    throw CheckpointError(file, error.what());
  }
}

}  // namespace torch_ext

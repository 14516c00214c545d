#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "libtorch_ext/formats/value.h"

/// Old files hold several pickles in a row, among other bytes.
namespace torch_ext::formats {

/// The pickle that `bytes` begin with, up to and including its STOP. `file` is named in errors, `what` says what the
/// pickle is: "the list of storages". Throws `FormatError` where there is no STOP.
std::span<const std::byte> first_pickle(std::span<const std::byte> bytes, const std::string& file,
                                        const std::string& what);

/// Reads a pickle that refers to nothing beside it, and takes it from the front of `bytes`. Throws `FormatError`.
Value take_pickle(std::span<const std::byte>& bytes, const std::string& file, const std::string& what);

}  // namespace torch_ext::formats

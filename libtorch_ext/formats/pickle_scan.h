#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "libtorch_ext/formats/pickle_input.h"
#include "libtorch_ext/formats/pickle_opcodes.h"

/// Pickles looked through without being executed.
namespace torch_ext::formats {

/// Takes the argument of `opcode` from `input`. Returns it where it is the number of a memo entry that is asked for.
/// Throws `std::invalid_argument` where the pickle ends in it.
std::optional<uint64_t> skip_argument(Opcode opcode, PickleInput& input);

/// The pickle that `bytes` begin with, up to and including its STOP: old files hold several in a row. `file` is named
/// in errors, `what` says which pickle is sought: "the list of storages". Throws `FormatError` where there is no STOP.
std::span<const std::byte> first_pickle(std::span<const std::byte> bytes, const std::string& file,
                                        const std::string& what);

}  // namespace torch_ext::formats

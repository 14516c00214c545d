#pragma once

#include <cstdint>
#include <optional>

#include "libtorch_ext/formats/pickle/pickle_input.h"
#include "libtorch_ext/formats/pickle/pickle_opcodes.h"

namespace torch_ext::formats {

/// Takes the argument of `opcode` from `input`. Returns it where it is the number of a memo entry that is asked for.
/// Throws `std::invalid_argument` where the pickle ends in it.
std::optional<uint64_t> skip_argument(Opcode opcode, PickleInput& input);

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/pickle/pickle_memo.h"

#include <stdexcept>

#include "libtorch_ext/formats/pickle/pickle_scan.h"

namespace torch_ext::formats {

PickleMemo::PickleMemo(std::span<const std::byte> pickle) {
  PickleInput input(pickle);
  try {
    for (auto opcode = Opcode::kMark; opcode != Opcode::kStop;) {
      opcode = static_cast<Opcode>(input.number<uint8_t>());
      if (const auto number = skip_argument(opcode, input)) values_.try_emplace(*number);
    }
  } catch (const std::invalid_argument&) {
    // Whoever executes the pickle comes to the same place and can say where it is.
  }
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/pickle/pickle_sequence.h"

#include <stdexcept>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/pickle/pickle_reader.h"
#include "libtorch_ext/formats/pickle/pickle_scan.h"

namespace torch_ext::formats {

std::span<const std::byte> first_pickle(std::span<const std::byte> bytes, const std::string& file,
                                        const std::string& what) {
  PickleInput input(bytes);
  try {
    for (auto opcode = Opcode::kMark; opcode != Opcode::kStop;) {
      opcode = static_cast<Opcode>(input.number<uint8_t>());
      skip_argument(opcode, input);
    }
  } catch (const std::invalid_argument& error) {
    throw FormatError(file, what + ": " + error.what());
  }
  return bytes.first(input.position());
}

Value take_pickle(std::span<const std::byte>& bytes, const std::string& file, const std::string& what) {
  const auto pickle = first_pickle(bytes, file, what);
  bytes = bytes.subspan(pickle.size());
  return read_pickle(pickle, file,
                     [&](const Value&) -> Value { throw std::invalid_argument(what + " has a persistent id in it"); });
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/pickle/pickle_scan.h"

#include "libtorch_ext/formats/pickle/pickle_text.h"

namespace torch_ext::formats {

std::optional<uint64_t> skip_argument(Opcode opcode, PickleInput& input) {
  switch (opcode) {
    case Opcode::kGet:
      return parse_index(input.line());
    case Opcode::kBinGet:
      return input.number<uint8_t>();
    case Opcode::kLongBinGet:
      return input.number<uint32_t>();

    case Opcode::kProto:
    case Opcode::kBinInt1:
    case Opcode::kBinPut:
      input.take(1);
      break;
    case Opcode::kBinInt2:
      input.take(2);
      break;
    case Opcode::kBinInt:
    case Opcode::kLongBinPut:
      input.take(4);
      break;
    case Opcode::kBinFloat:
    case Opcode::kFrame:
      input.take(8);
      break;

    case Opcode::kLong1:
    case Opcode::kShortBinString:
    case Opcode::kShortBinUnicode:
    case Opcode::kShortBinBytes:
      input.sized<uint8_t>();
      break;
    case Opcode::kLong4:
    case Opcode::kBinString:
    case Opcode::kBinUnicode:
    case Opcode::kBinBytes:
      input.sized<uint32_t>();
      break;
    case Opcode::kBinUnicode8:
    case Opcode::kBinBytes8:
    case Opcode::kByteArray8:
      input.sized<uint64_t>();
      break;

    case Opcode::kGlobal:
    case Opcode::kInst:
      input.line(), input.line();
      break;
    case Opcode::kInt:
    case Opcode::kLong:
    case Opcode::kFloat:
    case Opcode::kString:
    case Opcode::kUnicode:
    case Opcode::kPersId:
    case Opcode::kPut:
      input.line();
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace torch_ext::formats

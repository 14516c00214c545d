#include "libtorch_ext/formats/archive/inflate.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

using namespace torch_ext::formats;

// What bytes unpack to in pieces, libdeflate unpacks them to as well.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t promised = data[0] + 256 * data[1];
  const auto packed = std::as_bytes(std::span(data + 2, size - 2));
  std::vector<std::byte> expected(promised);
  std::vector<std::byte> found;
  const bool is_whole = inflate_pieces(packed, promised, [&](std::span<const std::byte> piece) {
    found.insert(found.end(), piece.begin(), piece.end());
  });
  if (found.size() > promised || (is_whole && !inflate(packed, expected))) __builtin_trap();
  if (is_whole && found != expected) __builtin_trap();
  return 0;
}

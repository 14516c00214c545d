#include <cstdint>
#include <span>

#include "libtorch_ext/formats/archive/tar_reader.h"
#include "libtorch_ext/formats/error.h"

using namespace torch_ext::formats;

// Any bytes either are an archive, whose files lie in it or are unpacked, or give a FormatError.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto archive = std::as_bytes(std::span(data, size));
  try {
    for (const TarMember& member : tar_members(archive, "fuzz")) {
      const auto* begin = member.bytes.data();
      if (member.unpacked) continue;
      if (begin < archive.data() || begin + member.bytes.size() > archive.data() + size) __builtin_trap();
    }
  } catch (const FormatError&) {
  }
  return 0;
}

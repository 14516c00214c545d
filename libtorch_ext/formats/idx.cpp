#include "libtorch_ext/formats/idx.h"

#include <algorithm>
#include <span>

#include "libtorch_ext/formats/archive/gzip.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/stand_in.h"

namespace torch_ext::formats {
namespace {

constexpr int kUnsignedByte = 0x08;
constexpr size_t kMagicSize = 4;

int64_t big_endian32(std::span<const std::byte> bytes) {
  int64_t value = 0;
  for (std::byte byte : bytes.first(4)) value = value << 8 | std::to_integer<int64_t>(byte);
  return value;
}

std::string hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    text += text.empty() ? "" : " ";
    text += {kDigits[value >> 4], kDigits[value & 15]};
  }
  return text;
}

const char* type_name(int type) {
  switch (type) {
    case 0x09:
      return " (signed bytes)";
    case 0x0b:
      return " (int16)";
    case 0x0c:
      return " (int32)";
    case 0x0d:
      return " (float32)";
    case 0x0e:
      return " (float64)";
    default:
      return "";
  }
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

}  // namespace

IdxArray read_idx(const std::string& path) {
  std::vector<std::byte> bytes = read_maybe_gzip(path);
  const std::span<const std::byte> file(bytes);
  const auto magic = file.first(std::min(file.size(), kMagicSize));
  if (file.size() < kMagicSize || magic[0] != std::byte{0} || magic[1] != std::byte{0}) {
    const std::string instead = stand_in({reinterpret_cast<const char*>(file.data()), file.size()});
    if (!instead.empty()) throw FormatError(path, instead);
    throw FormatError(path, "begins with '" + hex(magic) + "', an IDX file begins with 00 00 08 and its dimensions");
  }
  const auto type = std::to_integer<int>(magic[2]);
  if (type != kUnsignedByte) {
    throw FormatError(
        path, "element type " + hex(magic.subspan(2, 1)) + type_name(type) + " found, unsigned bytes (08) expected");
  }
  const auto dimensions = std::to_integer<size_t>(magic[3]);
  const size_t header = kMagicSize + 4 * dimensions;
  if (file.size() < header) {
    throw FormatError(path, std::to_string(file.size()) + " bytes found, a header of " + std::to_string(header) +
                                " expected for " + std::to_string(dimensions) + " dimensions");
  }
  IdxArray array;
  int64_t expected = 1;
  bool overflow = false;
  for (size_t dim = 0; dim < dimensions; ++dim) {
    array.shape.push_back(big_endian32(file.subspan(kMagicSize + 4 * dim)));
    overflow |= __builtin_mul_overflow(expected, array.shape.back(), &expected);
  }
  const size_t found = file.size() - header;
  if (overflow || static_cast<uint64_t>(expected) != found) {
    throw FormatError(path, std::to_string(found) + " bytes of elements found, " +
                                (overflow ? "more than 2^63" : std::to_string(expected)) + " expected for " +
                                shape_text(array.shape));
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header));
  array.data = std::move(bytes);
  return array;
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/archive/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

using Span = std::span<const std::byte>;

constexpr size_t kBlock = 512;
constexpr size_t kNameSize = 100;
constexpr size_t kSizeAt = 124;
constexpr size_t kChecksumAt = 148;
constexpr size_t kTypeAt = 156;

std::string_view as_text(Span bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Up to the first zero.
std::string_view c_string(Span bytes) {
  const auto text = as_text(bytes);
  return text.substr(0, text.find('\0'));
}

/// An octal number with spaces around it or, by GNU's extension, a big-endian one after a byte 0x80.
std::optional<uint64_t> number(Span field) {
  uint64_t value = 0;
  if (field[0] == std::byte{0x80}) {
    for (std::byte byte : field.subspan(1)) {
      if (value >> 56) return std::nullopt;
      value = value << 8 | static_cast<uint8_t>(byte);
    }
    return value;
  }
  auto text = c_string(field);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has_right_checksum(Span header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool is_checksum = i >= kChecksumAt && i < kChecksumAt + 8;
    sum += is_checksum ? ' ' : static_cast<uint8_t>(header[i]);
  }
  return number(header.subspan(kChecksumAt, 8)) == sum;
}

/// The size that a pax header, lines of "<length> <key>=<value>\n", gives the file after it.
std::optional<uint64_t> pax_size(std::string_view lines) {
  constexpr std::string_view kKey = " size=";
  std::optional<uint64_t> size;
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const size_t key = line.find(kKey);
    if (key == line.npos || line.find(' ') != key) continue;
    const auto text = line.substr(key + kKey.size());
    uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr == text.data() + text.size()) size = value;
  }
  return size;
}

}  // namespace

std::unordered_map<std::string_view, Span> read_tar(Span archive, const std::string& file) {
  std::unordered_map<std::string_view, Span> members;
  Span pax;  // the header that describes the next file
  for (size_t at = 0;;) {
    const auto fail = [&](const std::string& problem) {
      throw FormatError(file, "tar header at byte " + std::to_string(at) + ": " + problem);
    };
    if (archive.size() - at < kBlock) fail("the file ends before it; it should end in a block of zeros");
    const Span header = archive.subspan(at, kBlock);
    if (std::ranges::all_of(header, [](std::byte byte) { return byte == std::byte{0}; })) return members;
    if (!has_right_checksum(header)) fail("its checksum is wrong");
    const auto written_size = number(header.subspan(kSizeAt, 12));
    if (!written_size) fail("its size is no octal number");
    const uint64_t size = pax_size(as_text(pax)).value_or(*written_size);
    pax = {};
    const size_t left = archive.size() - at - kBlock;
    if (size > left) fail("its file of " + std::to_string(size) + " bytes reaches beyond the archive");
    const Span content = archive.subspan(at + kBlock, size);
    const char type = static_cast<char>(header[kTypeAt]);
    if (type == 'x') pax = content;
    if (type == '0' || type == '\0') members[c_string(header.first(kNameSize))] = content;
    at += kBlock + std::min<uint64_t>((size + kBlock - 1) / kBlock * kBlock, left);
  }
}

}  // namespace torch_ext::formats

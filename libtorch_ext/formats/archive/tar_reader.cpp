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
constexpr size_t kMagicAt = 257;
constexpr size_t kPrefixAt = 345;
constexpr size_t kPrefixSize = 155;
constexpr std::string_view kUstar("ustar\0", 6);  // GNU's "ustar  " has other things in place of a prefix

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

/// What a pax header, records of "<length> <key>=<value>\n", says of the file after it.
struct Pax {
  std::optional<uint64_t> size;
  std::string_view path;
};

Pax parse_pax(std::string_view records) {
  Pax pax;
  while (!records.empty()) {
    size_t length = 0;
    const auto end = std::from_chars(records.data(), records.data() + records.size(), length).ptr;
    const auto digits = static_cast<size_t>(end - records.data());
    if (length <= digits + 1 || length > records.size()) return pax;
    auto record = records.substr(digits + 1, length - digits - 1);
    records.remove_prefix(length);
    if (record.ends_with('\n')) record.remove_suffix(1);
    const size_t equals = record.find('=');
    if (equals == record.npos) continue;
    const auto key = record.substr(0, equals);
    const auto value = record.substr(equals + 1);
    if (key == "path") pax.path = value;
    uint64_t size = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), size);
    if (key == "size" && parsed.ec == std::errc() && parsed.ptr == value.data() + value.size()) pax.size = size;
  }
  return pax;
}

/// A regular file and all that gives it a name.
struct Entry {
  Span header;
  std::string_view pax_path;
  std::string_view long_name;  // GNU's
  Span content;
};

template <class Use>
void for_each_file(Span archive, const std::string& file, const Use& use) {
  Pax pax;  // what describes the next file
  std::string_view long_name;
  for (size_t at = 0;;) {
    const auto fail = [&](const std::string& problem) {
      throw FormatError(file, "tar header at byte " + std::to_string(at) + ": " + problem);
    };
    if (archive.size() - at < kBlock) fail("the file ends before it; it should end in a block of zeros");
    const Span header = archive.subspan(at, kBlock);
    if (std::ranges::all_of(header, [](std::byte byte) { return byte == std::byte{0}; })) return;
    if (!has_right_checksum(header)) fail("its checksum is wrong");
    const auto written_size = number(header.subspan(kSizeAt, 12));
    if (!written_size) fail("its size is no octal number");
    const char type = static_cast<char>(header[kTypeAt]);
    const bool describes_next = type == 'x' || type == 'L' || type == 'K' || type == 'g';
    const uint64_t size = describes_next ? *written_size : pax.size.value_or(*written_size);
    const size_t left = archive.size() - at - kBlock;
    if (size > left) fail("its file of " + std::to_string(size) + " bytes reaches beyond the archive");
    const Span content = archive.subspan(at + kBlock, size);
    if (type == 'x') pax = parse_pax(as_text(content));
    if (type == 'L') long_name = c_string(content);
    if (type == '0' || type == '\0') use(Entry{header, pax.path, long_name, content});
    if (!describes_next) {
      pax = {};
      long_name = {};
    }
    at += kBlock + std::min<uint64_t>((size + kBlock - 1) / kBlock * kBlock, left);
  }
}

std::string full_name(const Entry& entry) {
  if (!entry.pax_path.empty()) return std::string(entry.pax_path);
  if (!entry.long_name.empty()) return std::string(entry.long_name);
  const std::string name(c_string(entry.header.first(kNameSize)));
  const bool has_prefix = as_text(entry.header.subspan(kMagicAt, kUstar.size())) == kUstar;
  const auto prefix = has_prefix ? c_string(entry.header.subspan(kPrefixAt, kPrefixSize)) : std::string_view();
  return prefix.empty() ? name : std::string(prefix) + "/" + name;
}

}  // namespace

std::unordered_map<std::string_view, Span> read_tar(Span archive, const std::string& file) {
  std::unordered_map<std::string_view, Span> members;
  for_each_file(archive, file,
                [&](const Entry& entry) { members[c_string(entry.header.first(kNameSize))] = entry.content; });
  return members;
}

std::vector<TarMember> tar_members(Span archive, const std::string& file) {
  std::vector<TarMember> members;
  for_each_file(archive, file, [&](const Entry& entry) { members.push_back({full_name(entry), entry.content}); });
  return members;
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/archive/tar_header.h"

#include <algorithm>
#include <charconv>

namespace torch_ext::formats::tar {
namespace {

using Span = std::span<const std::byte>;

constexpr size_t kChecksumAt = 148;
constexpr size_t kChecksumSize = 8;
constexpr std::string_view kUstar("ustar\0", 6);  // GNU's "ustar  " has other things in place of a prefix

std::string_view as_text(Span bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::string_view c_string(Span bytes) {
  const auto text = as_text(bytes);
  return text.substr(0, text.find('\0'));
}

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
  if (text.empty()) return 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_zero(Span bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

bool Header::has_right_checksum() const {
  uint64_t sum = 0;
  uint64_t signed_sum = 0;  // what some old programs wrote
  for (size_t i = 0; i < kBlock; ++i) {
    const bool is_checksum = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    const uint8_t byte = is_checksum ? ' ' : static_cast<uint8_t>(block_[i]);
    sum += byte;
    signed_sum += static_cast<uint64_t>(static_cast<int8_t>(byte));
  }
  const auto written = number(block_.subspan(kChecksumAt, kChecksumSize));
  return written && (*written == sum || *written == signed_sum);
}

std::string Header::name() const {
  const std::string name(c_string(block_.first(100)));
  const bool has_prefix = as_text(block_.subspan(257, kUstar.size())) == kUstar;
  const auto prefix = has_prefix ? c_string(block_.subspan(345, 155)) : std::string_view();
  return prefix.empty() ? name : std::string(prefix) + "/" + name;
}

}  // namespace torch_ext::formats::tar

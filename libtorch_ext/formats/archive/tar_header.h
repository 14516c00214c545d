#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace torch_ext::formats::tar {

inline constexpr size_t kBlock = 512;

/// The bytes up to the first zero.
std::string_view c_string(std::span<const std::byte> bytes);

/// An octal number with spaces around it, nothing for 0, or, by GNU's extension, a big-endian one after a byte 0x80.
std::optional<uint64_t> number(std::span<const std::byte> field);

bool is_zero(std::span<const std::byte> bytes);

/// A look at a block of 512 bytes that describes the bytes behind it.
class Header {
 public:
  explicit Header(std::span<const std::byte> block) : block_(block) {}

  bool has_right_checksum() const;
  char type() const { return static_cast<char>(block_[156]); }
  std::optional<uint64_t> size() const { return number(block_.subspan(124, 12)); }
  /// With ustar's prefix.
  std::string name() const;
  std::string_view link_name() const { return c_string(block_.subspan(157, 100)); }

  std::span<const std::byte> block() const { return block_; }

 private:
  std::span<const std::byte> block_;
};

}  // namespace torch_ext::formats::tar

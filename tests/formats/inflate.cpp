#include "libtorch_ext/formats/archive/inflate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "libtorch_ext/formats/archive/crc32.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

using Bytes = std::vector<std::byte>;

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (size_t at = 0; at < hex.size(); at += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  return bytes;
}

struct Packed {
  std::string hex;  ///< by zlib
  size_t size;
  uint32_t crc32;
};

/// A block of each kind: of codes of its own, of the fixed ones, stored.
const Packed kPacked[] = {
    {"4591511283200c44afc2112420ea71501975aa38a3b69ddebe7113da2f0c6cde6e62de8fcdb6e6bce295bce9d77d785067c6"
     "65b86c6db67d7cae899fdf6999e6cb76668d9f74b0e0150f7e1ff6fcb28dc9cc08e678e6bce489af01a32027d7738a235577"
     "8f8796bffb259ed4a8824a6fa58ee4d59123a49839007c3b5400712fcc6b4425271e0401c7bbab3f964465bdd8b632a613a8"
     "3769ebd318c0232b205f82a88dfbcd04b2127874701d8e46b7677549dada1514893b617795025b21940ddf13401d4a5780a0"
     "05cb95ff506305d517",
     444, 1184472235u},
    {"2bc94855282ccd4cce56482aca2fcf5348cbaf502819151b151b15038b0100", 800, 957983564u},
    {"010600f9ff73746f726564", 6, 1447295243u}};

/// What `inflate_pieces` makes of it; nothing where that is false.
std::optional<Bytes> unpacked(const Bytes& packed, size_t size) {
  Bytes bytes;
  const bool is_whole = inflate_pieces(
      packed, size, [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  CHECK(bytes.size() <= size);
  return is_whole ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

TEST_CASE("blocks of every kind unpack, to their size and no other", "[inflate]") {
  for (const auto& [hex, size, crc] : kPacked) {
    const Bytes packed = from_hex(hex);
    const auto bytes = unpacked(packed, size);
    REQUIRE(bytes);
    CHECK(crc32(*bytes) == crc);
    CHECK_FALSE(unpacked(packed, size - 1));
    CHECK_FALSE(unpacked(packed, size + 1));
  }
}

// The reverse doesn't hold: libdeflate takes the lengths 286 and 287, which zlib refuses, too.
TEST_CASE("cut and flipped data is refused, or unpacked as libdeflate does", "[inflate][malformed]") {
  for (const auto& [hex, size, crc] : kPacked) {
    const Bytes good = from_hex(hex);
    for (size_t cut = 0; cut < good.size(); ++cut) {
      Bytes bytes(size);
      const Bytes bad(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(cut));
      CHECK(unpacked(bad, size).has_value() == inflate(bad, bytes));
    }
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
      Bytes bad = good;
      bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
      Bytes bytes(size);
      const auto found = unpacked(bad, size);
      const bool agrees = !found || (inflate(bad, bytes) && *found == bytes);
      CHECK(agrees);
    }
  }
}

TEST_CASE("a gigabyte of zeros passes by in pieces of a megabyte", "[inflate]") {
  // 1,042,051 bytes of zlib's stand for 1 GiB of zeros; here made by hand: a zero, then matches of 258 of them.
  constexpr size_t kMatches = 4'161'791;
  std::string bits =
      "110"
      "00110000";  // last block, fixed codes; a zero
  Bytes packed;
  uint32_t buffer = 0;
  int count = 0;
  const auto put = [&](const std::string& code) {
    for (const char bit : code) {
      buffer |= static_cast<uint32_t>(bit - '0') << count;
      if (++count < 8) continue;
      packed.push_back(static_cast<std::byte>(buffer));
      buffer = count = 0;
    }
  };
  put(bits);
  for (size_t i = 0; i < kMatches; ++i) put("1100010100000");  // 285: 258 bytes; distance code 0: 1 byte back
  put("0000000"
      "0000000");
  uint64_t size = 0;
  size_t largest = 0;
  CHECK(inflate_pieces(packed, 1 + 258 * kMatches, [&](std::span<const std::byte> piece) {
    size += piece.size();
    largest = std::max(largest, piece.size());
  }));
  CHECK(size == 1 + 258 * kMatches);
  CHECK(largest <= 1024 * 1024 + 32 * 1024);
}

}  // namespace torch_ext::formats

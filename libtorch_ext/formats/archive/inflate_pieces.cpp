#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "libtorch_ext/formats/archive/inflate.h"
#include "libtorch_ext/formats/little_endian.h"

// Source: RFC 1951, "DEFLATE Compressed Data Format Specification version 1.3".
namespace torch_ext::formats {
namespace {

using Span = std::span<const std::byte>;
using Use = std::function<void(Span)>;

constexpr size_t kWindow = 32 * 1024;
constexpr size_t kPiece = 1024 * 1024;
constexpr size_t kMaxCode = 15;  // bits
constexpr size_t kMaxMatch = 258;
constexpr unsigned kEndOfBlock = 256;

/// Bits from the lowest of the first byte on. Behind the last byte come zeros; `ended()` tells.
class BitReader {
 public:
  explicit BitReader(Span bytes) : rest_(bytes) {}

  /// The next bits, at least 48 of them; none is taken.
  uint64_t peek() {
    if (count_ < 48) fill();
    return buffer_;
  }
  void drop(size_t bits) {
    buffer_ >>= bits;
    count_ -= bits;
  }
  unsigned take(size_t bits) {
    const uint64_t value = peek() & ((uint64_t{1} << bits) - 1);
    drop(bits);
    return static_cast<unsigned>(value);
  }

  /// Whether bits were taken that aren't there.
  bool ended() const { return missing_ > count_; }

  /// The next `size` whole bytes, from the next byte boundary on; nothing where there are fewer.
  std::optional<Span> take_bytes(size_t size) {
    drop(count_ % 8);
    if (ended() || (count_ - missing_) / 8 + rest_.size() < size) return std::nullopt;
    // What was looked at ahead lies right before the rest.
    rest_ = {rest_.data() - (count_ - missing_) / 8, rest_.size() + (count_ - missing_) / 8};
    buffer_ = count_ = missing_ = 0;
    const Span bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

 private:
  void fill() {
    if (rest_.size() >= sizeof buffer_) {
      // A byte that fits in part comes again the next time, with the same bits.
      const size_t whole = (64 - count_) / 8;
      buffer_ |= load_little<uint64_t>(rest_.data()) << count_;
      rest_ = rest_.subspan(whole);
      count_ += 8 * whole;
      return;
    }
    for (; count_ <= 56; count_ += 8) {
      if (rest_.empty()) {
        missing_ += 8;
        continue;
      }
      buffer_ |= static_cast<uint64_t>(rest_.front()) << count_;
      rest_ = rest_.subspan(1);
    }
  }

  Span rest_;
  uint64_t buffer_ = 0;
  size_t count_ = 0;
  size_t missing_ = 0;  ///< of the bits in the buffer, those behind the last byte
};

/// A Huffman code: what the next bits stand for, by table.
class Code {
 public:
  /// From the number of bits of each symbol. False where those make no code.
  bool build(std::span<const uint8_t> lengths) {
    std::array<unsigned, kMaxCode + 1> counts{};
    for (const uint8_t length : lengths) ++counts[length];
    const size_t used = lengths.size() - counts[0];
    counts[0] = 0;
    bits_ = kMaxCode;
    while (bits_ > 1 && counts[bits_] == 0) --bits_;

    std::array<unsigned, kMaxCode + 2> next{};  // the first code of each length
    unsigned left = 1;                          // codes of that length that aren't given away
    for (size_t bits = 1; bits <= kMaxCode; ++bits) {
      if (2 * left < counts[bits]) return false;
      left = 2 * left - counts[bits];
      next[bits + 1] = (next[bits] + counts[bits]) << 1;
    }
    if (left > 0 && used > 1) return false;

    table_.assign(size_t{1} << bits_, 0);
    for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      const size_t length = lengths[symbol];
      if (length == 0) continue;
      const size_t code = reversed(next[length]++, length);
      for (size_t at = code; at < table_.size(); at += size_t{1} << length) {
        table_[at] = static_cast<uint16_t>(symbol << 4 | length);
      }
    }
    return true;
  }

  /// Takes a symbol; nothing where the bits are none.
  std::optional<unsigned> take(BitReader& bits) const {
    const unsigned entry = table_[bits.peek() & (table_.size() - 1)];
    if (entry == 0) return std::nullopt;
    bits.drop(entry & 15);
    return entry >> 4;
  }

 private:
  static size_t reversed(size_t code, size_t length) {
    size_t result = 0;
    for (size_t i = 0; i < length; ++i) result |= (code >> i & 1) << (length - 1 - i);
    return result;
  }

  size_t bits_ = 1;
  std::vector<uint16_t> table_;  ///< symbol << 4 | number of bits; 0 for none
};

/// What has come out: a window that matches look back into, handed on whenever it is full.
class Output {
 public:
  Output(uint64_t size, const Use& use) : left_(size), use_(use), bytes_(kWindow + kPiece) {}

  bool add(std::byte byte) {
    if (left_ == 0) return false;
    make_room(1);
    bytes_[end_++] = byte;
    --left_;
    return true;
  }

  bool add(Span bytes) {
    if (bytes.size() > left_) return false;
    left_ -= bytes.size();
    while (!bytes.empty()) {
      make_room(1);
      const Span part = bytes.first(std::min(bytes.size(), bytes_.size() - end_));
      std::memcpy(bytes_.data() + end_, part.data(), part.size());
      end_ += part.size();
      bytes = bytes.subspan(part.size());
    }
    return true;
  }

  /// `length` bytes again that came `distance` before.
  bool repeat(size_t distance, size_t length) {
    if (distance > end_ || length > left_) return false;
    make_room(length);
    left_ -= length;
    std::byte* to = bytes_.data() + end_;
    const std::byte* from = to - distance;
    end_ += length;
    if (distance == 1)
      std::memset(to, static_cast<int>(*from), length);
    else if (distance >= length)
      std::memcpy(to, from, length);
    else
      while (length-- > 0) *to++ = *from++;
    return true;
  }

  /// Hands on the last bytes. False where some are missing.
  bool finish() {
    hand_on();
    return left_ == 0;
  }

 private:
  void make_room(size_t size) {
    if (bytes_.size() - end_ >= size) return;
    hand_on();
    std::memmove(bytes_.data(), bytes_.data() + end_ - kWindow, kWindow);
    begin_ = end_ = kWindow;
  }
  void hand_on() {
    if (end_ > begin_) use_(Span(bytes_).subspan(begin_, end_ - begin_));
    begin_ = end_;
  }

  uint64_t left_;
  const Use& use_;
  std::vector<std::byte> bytes_;
  size_t begin_ = 0;  ///< what was handed on ends here
  size_t end_ = 0;
};

bool copy_stored(BitReader& bits, Output& out) {
  const auto head = bits.take_bytes(4);
  if (!head) return false;
  const auto number = [&](size_t at) {
    return static_cast<unsigned>((*head)[at]) | static_cast<unsigned>((*head)[at + 1]) << 8;
  };
  if (number(0) != (~number(2) & 0xffff)) return false;
  const auto bytes = bits.take_bytes(number(0));
  return bytes && out.add(*bytes);
}

void fixed_codes(Code& literals, Code& distances) {
  std::array<uint8_t, 288> lengths{};
  for (size_t i = 0; i < lengths.size(); ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  literals.build(lengths);
  std::array<uint8_t, 32> five{};
  five.fill(5);
  distances.build(five);
}

bool read_codes(BitReader& bits, Code& literals, Code& distances) {
  const size_t literal_count = bits.take(5) + 257;
  const size_t distance_count = bits.take(5) + 1;
  const size_t length_count = bits.take(4) + 4;
  constexpr std::array<uint8_t, 19> kOrder = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  std::array<uint8_t, 19> code_lengths{};
  for (size_t i = 0; i < length_count; ++i) code_lengths[kOrder[i]] = static_cast<uint8_t>(bits.take(3));
  Code code;
  if (!code.build(code_lengths)) return false;

  std::vector<uint8_t> lengths;
  while (lengths.size() < literal_count + distance_count) {
    const auto symbol = code.take(bits);
    if (!symbol || bits.ended()) return false;
    if (*symbol < 16) {
      lengths.push_back(static_cast<uint8_t>(*symbol));
    } else {
      if (*symbol == 16 && lengths.empty()) return false;
      const uint8_t again = *symbol == 16 ? lengths.back() : uint8_t{0};
      const size_t count = *symbol == 16 ? 3 + bits.take(2) : *symbol == 17 ? 3 + bits.take(3) : 11 + bits.take(7);
      lengths.insert(lengths.end(), count, again);
    }
  }
  if (lengths.size() > literal_count + distance_count || lengths[kEndOfBlock] == 0) return false;
  const std::span all(lengths);
  return literals.build(all.first(literal_count)) && distances.build(all.subspan(literal_count));
}

bool unpack_block(BitReader& bits, const Code& literals, const Code& distances, Output& out) {
  struct Range {
    uint16_t first;
    uint8_t extra;  ///< bits that are added
  };
  constexpr Range kLengths[] = {{3, 0},   {4, 0},   {5, 0},   {6, 0},   {7, 0},  {8, 0},  {9, 0},  {10, 0},
                                {11, 1},  {13, 1},  {15, 1},  {17, 1},  {19, 2}, {23, 2}, {27, 2}, {31, 2},
                                {35, 3},  {43, 3},  {51, 3},  {59, 3},  {67, 4}, {83, 4}, {99, 4}, {115, 4},
                                {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};
  constexpr Range kDistances[] = {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
                                  {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
                                  {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
                                  {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
                                  {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};
  while (!bits.ended()) {
    const auto symbol = literals.take(bits);
    if (!symbol) return false;
    if (*symbol < kEndOfBlock) {
      if (!out.add(static_cast<std::byte>(*symbol))) return false;
      continue;
    }
    if (*symbol == kEndOfBlock) return !bits.ended();
    if (*symbol - kEndOfBlock > std::size(kLengths)) return false;
    const Range& length = kLengths[*symbol - kEndOfBlock - 1];
    const size_t count = length.first + bits.take(length.extra);
    const auto place = distances.take(bits);
    if (!place || *place >= std::size(kDistances)) return false;
    const Range& distance = kDistances[*place];
    const size_t back = distance.first + bits.take(distance.extra);
    if (!out.repeat(back, count)) return false;
  }
  return false;
}

}  // namespace

bool inflate_pieces(Span packed, uint64_t size, const Use& use) {
  static_assert(kMaxMatch <= kPiece);
  BitReader bits(packed);
  Output out(size, use);
  Code literals;
  Code distances;
  for (bool is_last = false; !is_last;) {
    is_last = bits.take(1) == 1;
    const unsigned kind = bits.take(2);
    if (bits.ended()) return false;
    if (kind == 0) {
      if (!copy_stored(bits, out)) return false;
      continue;
    }
    if (kind == 1) fixed_codes(literals, distances);
    if (kind == 3 || (kind == 2 && !read_codes(bits, literals, distances))) return false;
    if (!unpack_block(bits, literals, distances, out)) return false;
  }
  return out.finish();
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/pickle/pickle_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {
namespace {

template <class T>
T parse(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  std::from_chars_result result{};
  if constexpr (std::is_floating_point_v<T>) {
    result = std::from_chars(text.data(), end, value);
  } else {
    result = std::from_chars(text.data(), end, value, base);
  }
  if (result.ec != std::errc() || result.ptr != end) {
    throw std::invalid_argument("found '" + std::string(text.substr(0, 40)) +
                                "', a number of at most 64 bits is expected");
  }
  return value;
}

/// Takes `digits` hexadecimal digits from the front of `text`.
uint32_t take_hex(std::string_view& text, size_t digits) {
  if (text.size() < digits) throw std::invalid_argument("an escape in a string ends in the middle");
  const auto value = parse<uint32_t>(text.substr(0, digits), 16);
  text.remove_prefix(digits);
  return value;
}

char unescape(std::string_view& text) {
  constexpr std::string_view kNames = "\\'\"abfnrtv";
  constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
  if (text.empty()) throw std::invalid_argument("an escape in a string ends in the middle");
  const char name = text.front();
  text.remove_prefix(1);
  if (name == 'x') return static_cast<char>(take_hex(text, 2));
  const size_t found = kNames.find(name);
  if (found == kNames.npos) throw std::invalid_argument("a string has an unknown escape");
  return kValues[found];
}

/// A decimal number beyond 64 bits.
Value parse_big_int(std::string_view digits) {
  constexpr size_t kMaxDigits = 4300;  // Python's own limit
  const bool is_negative = digits.starts_with('-');
  if (is_negative) digits.remove_prefix(1);
  const bool is_number = !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || digits.size() > kMaxDigits) {
    throw std::invalid_argument("found '" + std::string(digits.substr(0, 40)) + "', an integer is expected");
  }
  std::vector<uint32_t> limbs;
  while (!digits.empty()) {
    const auto chunk = digits.substr(0, 9);
    digits.remove_prefix(chunk.size());
    uint64_t scale = 1;
    for (size_t i = 0; i < chunk.size(); ++i) scale *= 10;
    uint64_t carry = parse<uint32_t>(chunk);
    for (uint32_t& limb : limbs) {
      carry += scale * limb;
      limb = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry > 0) limbs.push_back(static_cast<uint32_t>(carry));
  }
  std::string bytes;
  for (uint32_t limb : limbs) append_little(bytes, limb);
  bytes += '\0';  // room for the sign
  if (is_negative) {
    int carry = 1;
    for (char& byte : bytes) {
      carry += static_cast<unsigned char>(~byte);
      byte = static_cast<char>(carry);
      carry >>= 8;
    }
  }
  const char fill = is_negative ? '\xff' : '\0';
  while (bytes.size() > 1 && bytes.back() == fill && ((bytes[bytes.size() - 2] ^ fill) & 0x80) == 0) bytes.pop_back();
  return integer_from_bytes(bytes);
}

}  // namespace

Value parse_int(std::string_view line) {
  if (line == "00" || line == "01") return line == "01";
  if (line.ends_with('L')) line.remove_suffix(1);
  int64_t value = 0;
  const auto result = std::from_chars(line.data(), line.data() + line.size(), value);
  if (result.ec == std::errc() && result.ptr == line.data() + line.size()) return value;
  return parse_big_int(line);
}

uint64_t parse_index(std::string_view line) { return parse<uint64_t>(line); }

double parse_float(std::string_view line) { return parse<double>(line); }

std::string parse_quoted(std::string_view line) {
  if (line.size() < 2 || (line.front() != '\'' && line.front() != '"') || line.back() != line.front()) {
    throw std::invalid_argument("a string has no quotes around it");
  }
  std::string result;
  for (auto rest = line.substr(1, line.size() - 2); !rest.empty();) {
    const char c = rest.front();
    rest.remove_prefix(1);
    result += c == '\\' ? unescape(rest) : c;
  }
  return result;
}

std::string parse_raw_unicode(std::string_view line) {
  std::string result;
  while (!line.empty()) {
    const auto c = static_cast<unsigned char>(line.front());
    line.remove_prefix(1);
    uint32_t code_point = c;
    if (c == '\\' && (line.starts_with('u') || line.starts_with('U'))) {
      const size_t digits = line.front() == 'u' ? 4 : 8;
      line.remove_prefix(1);
      code_point = take_hex(line, digits);
    }
    append_utf8(result, code_point);
  }
  return result;
}

std::string latin1_from_utf8(std::string_view utf8) {
  std::string result;
  result.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      result += utf8[i];
    } else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.size() && (utf8[i + 1] & 0xc0) == 0x80) {
      result += static_cast<char>((c & 3) << 6 | (utf8[++i] & 0x3f));
    } else {
      throw std::invalid_argument("bytes are written with a character beyond U+00FF");
    }
  }
  return result;
}

std::string utf8_from_latin1(std::string_view latin1) {
  std::string result;
  result.reserve(latin1.size());
  for (unsigned char c : latin1) append_utf8(result, c);
  return result;
}

Value text_or_bytes(std::string_view bytes) {
  return is_utf8(bytes) ? Value(bytes) : Value(Bytes{std::string(bytes)});
}

Value integer_from_bytes(std::string_view little_endian) {
  if (little_endian.size() > sizeof(int64_t)) return BigInt{std::string(little_endian)};
  const bool negative = !little_endian.empty() && (little_endian.back() & 0x80);
  int64_t value = negative ? -1 : 0;
  std::memcpy(&value, little_endian.data(), little_endian.size());
  return value;
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/json/json_reader.h"

#include <limits>
#include <stdexcept>

#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxDepth = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

}  // namespace

void JsonReader::fail(const std::string& expected) {
  std::string found = "the end";
  if (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    found = c >= 0x20 && c < 0x7f ? "'" + std::string(1, text_[at_]) + "'" : "byte value " + std::to_string(c);
  }
  throw std::invalid_argument("JSON, byte " + std::to_string(at_) + ": " + expected + " is expected, " + found +
                              " is found");
}

void JsonReader::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool JsonReader::take(char c) {
  skip_space();
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonReader::expect(char c, const char* what) {
  if (!take(c)) fail(what);
}

std::string JsonReader::string() {
  expect('"', "a string");
  const size_t begin = at_;
  std::string result;
  for (;;) {
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && !is_control(text_[at_])) ++at_;
    if (at_ == text_.size() || is_control(text_[at_])) fail("the end of a string");
    result.append(text_, start, at_ - start);
    if (text_[at_++] == '"') break;
    append_escape(result);
  }
  if (!is_utf8(result)) {
    throw std::invalid_argument("JSON, byte " + std::to_string(begin) + ": a string is no UTF-8");
  }
  return result;
}

void JsonReader::append_escape(std::string& out) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (at_ < text_.size() && text_[at_] == 'u') {
    ++at_;
    uint32_t code_point = hex4();
    if (code_point >= 0xd800 && code_point < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const uint32_t low = hex4();
      if (low < 0xdc00 || low >= 0xe000) fail("a low surrogate");
      code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
    }
    return append_utf8(out, code_point);  // a lone surrogate is found to be no UTF-8
  }
  const size_t escape = at_ < text_.size() ? kEscapes.find(text_[at_]) : kEscapes.npos;
  if (escape == kEscapes.npos) fail("an escape");
  out += kMeanings[escape];
  ++at_;
}

uint32_t JsonReader::hex4() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const size_t digit = at_ < text_.size() ? kDigits.find(static_cast<char>(text_[at_] | 0x20)) : kDigits.npos;
    if (digit == kDigits.npos || text_[at_] < '0') fail("a hexadecimal digit");
    number = number << 4 | static_cast<uint32_t>(digit);
  }
  return number;
}

int64_t JsonReader::natural() {
  skip_space();
  const size_t begin = at_;
  int64_t number = 0;
  for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, text_[at_] - '0', &number)) {
      at_ = begin;
      fail("an integer below 2^63");
    }
  }
  const bool is_fraction = at_ < text_.size() && (text_[at_] == '.' || (text_[at_] | 0x20) == 'e');
  if (at_ == begin || is_fraction || (text_[begin] == '0' && at_ > begin + 1)) {
    at_ = begin;
    fail("an integer that is not negative");
  }
  return number;
}

bool JsonReader::is_string() {
  skip_space();
  return at_ < text_.size() && text_[at_] == '"';
}

bool JsonReader::take_null() {
  skip_space();
  if (!text_.substr(at_).starts_with("null")) return false;
  at_ += 4;
  return true;
}

void JsonReader::skip_number() {
  const auto digits = [&] {
    const size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    if (at_ == begin) fail("a value");
  };
  const auto at_any = [&](std::string_view chars) {
    return at_ < text_.size() && chars.find(text_[at_]) != chars.npos;
  };
  at_ += at_any("-");
  if (at_any("0"))
    ++at_;
  else
    digits();
  if (at_any(".")) {
    ++at_;
    digits();
  }
  if (at_any("eE")) {
    ++at_;
    at_ += at_any("+-");
    digits();
  }
}

void JsonReader::skip() {
  skip_space();
  if (++depth_ > kMaxDepth) fail("a value in at most " + std::to_string(kMaxDepth) + " levels");
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  const std::string_view rest = text_.substr(at_, 5);
  if (c == '{')
    object([this](const std::string&) { skip(); });
  else if (c == '[')
    array([this] { skip(); });
  else if (c == '"')
    string();
  else if (rest.starts_with("true") || rest.starts_with("null"))
    at_ += 4;
  else if (rest == "false")
    at_ += 5;
  else
    skip_number();
  --depth_;
}

void JsonReader::end() {
  skip_space();
  if (at_ != text_.size()) fail("the end");
}

}  // namespace torch_ext::formats

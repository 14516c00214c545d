#include <algorithm>
#include <stdexcept>

#include "libtorch_ext/formats/regex/python_pattern.h"
#include "libtorch_ext/formats/regex/python_regex.h"
#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {
namespace {

constexpr std::u32string_view kLetters = U"abfnrtv\\";
constexpr std::u32string_view kLetterCodes = U"\a\b\f\n\r\t\v\\";

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_octal(char32_t c) { return c >= '0' && c <= '7'; }
bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string utf8(std::u32string_view text) {
  std::string result;
  for (const char32_t c : text) append_utf8(result, c);
  return result;
}

}  // namespace

PythonTemplate::PythonTemplate(std::string_view replacement, const PythonRegex& regex) {
  const auto fail = [&](const std::string& problem) {
    throw std::invalid_argument("the replacement \"" + std::string(replacement) + "\": " + problem);
  };
  std::u32string text;
  try {
    text = decode_utf8(replacement);
  } catch (const std::invalid_argument& error) {
    fail(error.what());
  }
  size_t at = 0;
  const auto next = [&] { return at < text.size() ? text[at] : U'\0'; };
  const auto add_group = [&](size_t group) {
    if (group > regex.groups()) {
      fail("found the group " + std::to_string(group) + ", expected at most " + std::to_string(regex.groups()) +
           ", as many as the pattern has");
    }
    pieces_.push_back({std::move(end_), group});
    end_.clear();
  };
  const auto named_group = [&] {
    const size_t close = text.find(U'>', at);
    if (next() != '<' || close == text.npos) fail("found \"\\g\", expected \\g<1> or \\g<name>");
    const auto word = std::u32string_view(text).substr(at + 1, close - at - 1);
    at = close + 1;
    if (is_identifier(word)) {
      const auto found = std::ranges::find(regex.names(), utf8(word), &std::pair<std::string, size_t>::first);
      if (found == regex.names().end()) fail("the pattern has no group \"" + utf8(word) + "\"");
      return add_group(found->second);
    }
    if (word.empty() || word.size() > 9 || !std::ranges::all_of(word, is_digit)) {
      fail("found \"\\g<" + utf8(word) + ">\", expected the number or name of a group");
    }
    add_group(std::stoul(utf8(word)));
  };
  const auto number = [&](char32_t first) {
    std::u32string digits(1, first);
    if (first == '0') {
      while (digits.size() < 3 && is_octal(next())) digits += text[at++];
      return append_utf8(end_, static_cast<uint32_t>(std::stoul(utf8(digits), nullptr, 8)));
    }
    if (is_digit(next())) digits += text[at++];
    const bool is_code = digits.size() == 2 && std::ranges::all_of(digits, is_octal) && is_octal(next());
    if (!is_code) return add_group(std::stoul(utf8(digits)));
    digits += text[at++];
    const auto code = std::stoul(utf8(digits), nullptr, 8);
    if (code > 0377) fail("found \"\\" + utf8(digits) + "\", expected an octal number up to \\377");
    append_utf8(end_, static_cast<uint32_t>(code));
  };

  while (at < text.size()) {
    const char32_t c = text[at++];
    if (c != '\\') {
      append_utf8(end_, c);
      continue;
    }
    if (at == text.size()) fail("ends in a backslash; \\\\ stands for one");
    const char32_t escaped = text[at++];
    const size_t letter = kLetters.find(escaped);
    if (escaped == 'g') {
      named_group();
    } else if (is_digit(escaped)) {
      number(escaped);
    } else if (letter != kLetters.npos) {
      append_utf8(end_, kLetterCodes[letter]);
    } else if (is_letter(escaped)) {
      fail("found \"\\" + utf8(std::u32string_view(&escaped, 1)) + "\", expected \\1, \\g<name>, \\n, \\t or \\\\");
    } else {
      append_utf8(end_ += '\\', escaped);  // so does Python
    }
  }
}

void PythonTemplate::append(std::string& out, const std::vector<std::string_view>& match) const {
  for (const auto& [text, group] : pieces_) out.append(text).append(match[group]);
  out += end_;
}

}  // namespace torch_ext::formats

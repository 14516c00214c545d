#include "libtorch_ext/formats/regex/python_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <cstdio>
#include <optional>
#include <pcre2.h>
#include <stdexcept>

#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {
namespace {

constexpr char32_t kEnd = 0xffffffff;
constexpr size_t kMaxRepeat = 65'535;  // PCRE2's
constexpr size_t kMaxWidth = 1'000'000;
constexpr size_t kMaxDepth = 200;

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_octal(char32_t c) { return c >= '0' && c <= '7'; }
bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string utf8(std::u32string_view text) {
  std::string result;
  for (const char32_t c : text) append_utf8(result, c);
  return result;
}

// How many characters something may match.
struct Width {
  size_t least = 0;
  size_t most = 0;

  Width operator+(Width other) const {
    return {std::min(least + other.least, kMaxWidth), std::min(most + other.most, kMaxWidth)};
  }
};

// What a repeat would repeat.
enum class Item { kNone, kPlace, kRepeat, kOther };

struct Flags {
  std::string on;  // of PCRE2's i, m, s
  std::string off;
  bool verbose = false;
  bool ascii = false;
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : text_(decode_utf8(pattern)) {}

  PcrePattern run() {
    alternatives(0);
    if (next() == ')') fail("found a ) without its (");
    for (const size_t group : conditions_) {
      if (group >= groups_.size()) fail("there is no group " + std::to_string(group));
    }
    result_.groups = groups_.size() - 1;
    result_.options |= PCRE2_UTF | PCRE2_ALT_CIRCUMFLEX | (ascii_ ? 0 : PCRE2_UCP);
    return std::move(result_);
  }

 private:
  struct Group {
    bool is_open = true;
    Width width = {};
  };
  struct Member {
    std::string text;
    std::optional<char32_t> character;  // none: a class, \d
  };

  [[noreturn]] void fail(const std::string& problem) const {
    throw std::invalid_argument(problem + ", at character " + std::to_string(at_));
  }

  char32_t next(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : kEnd; }
  bool take(char32_t expected) {
    if (next() != expected) return false;
    ++at_;
    return true;
  }
  char32_t take() {
    if (next() == kEnd) fail("the pattern ends too early");
    return text_[at_++];
  }
  std::u32string_view take_until(char32_t end) {
    const size_t found = text_.find(end, at_);
    if (found == text_.npos) fail(std::string("a name has no ") + static_cast<char>(end));
    const auto word = std::u32string_view(text_).substr(at_, found - at_);
    at_ = found + 1;
    return word;
  }
  template <class Is>
  std::u32string_view take_while(size_t most, const Is& is) {
    const size_t begin = at_;
    while (at_ - begin < most && next() != kEnd && is(next())) ++at_;
    return std::u32string_view(text_).substr(begin, at_ - begin);
  }

  // What a character is written as, in a set or outside.
  static std::string literal(char32_t c) {
    char hex[16];
    std::string text;
    if (c >= 0x80 || is_letter(c) || is_digit(c) || c == '_') {
      append_utf8(text, c);
    } else if (c < 0x20 || c == 0x7f) {
      std::snprintf(hex, sizeof hex, "\\x{%02x}", static_cast<unsigned>(c));
      text = hex;
    } else {
      text = {'\\', static_cast<char>(c)};
    }
    return text;
  }

  void emit(const std::string& text, Width width, Item item = Item::kOther) {
    result_.text += text;
    before_last_ = width_;
    width_ = width_ + width;
    last_ = item;
  }

  char32_t code(size_t digits) {
    const auto hex =
        take_while(digits, [](char32_t c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
    if (hex.size() != digits)
      fail("an escape has " + std::to_string(hex.size()) + " of " + std::to_string(digits) + " hexadecimal digits");
    const auto value = std::stoul(utf8(hex), nullptr, 16);
    if (value > 0x10ffff) fail("there is no such character");
    return static_cast<char32_t>(value);
  }

  char32_t octal(std::u32string_view digits) const {
    const auto value = std::stoul(utf8(digits), nullptr, 8);
    if (value > 0377) fail("an octal escape is beyond \\377");
    return static_cast<char32_t>(value);
  }

  [[noreturn]] void fail_escape(char32_t c) const {
    if (c == 'N') fail("\\N{…} isn't known here: write the character itself");
    fail("\\" + utf8(std::u32string_view(&c, 1)) + " means nothing");
  }

  // The character that an escape stands for wherever it stands; none for others.
  std::optional<char32_t> common_escape(char32_t c) {
    switch (c) {
      case 'a':
        return '\a';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      case 'x':
        return code(2);
      case 'u':
        return code(4);
      case 'U':
        return code(8);
      default:
        break;
    }
    if (is_letter(c)) fail_escape(c);
    return is_digit(c) ? std::nullopt : std::optional(c);
  }

  static bool is_class(char32_t c) { return c == 'd' || c == 'D' || c == 's' || c == 'S' || c == 'w' || c == 'W'; }

  void escape() {
    const char32_t c = take();
    const std::string same = {'\\', static_cast<char>(c)};
    if (is_class(c)) return emit(same, {1, 1});
    if (c == 'A' || c == 'b' || c == 'B') return emit(same, {}, Item::kPlace);
    if (c == 'Z') return emit("\\z", {}, Item::kPlace);
    if (const auto character = common_escape(c)) return emit(literal(*character), {1, 1});
    if (c == '0') {
      const auto more = take_while(2, is_octal);
      return emit(literal(more.empty() ? 0 : octal(more)), {1, 1});
    }
    std::u32string digits(1, c);
    if (is_digit(next())) digits += take();
    if (digits.size() == 2 && is_octal(digits[0]) && is_octal(digits[1]) && is_octal(next())) {
      digits += take();
      return emit(literal(octal(digits)), {1, 1});
    }
    refer(std::stoul(utf8(digits)));
  }

  void check_is_closed(size_t group) const {
    if (group >= groups_.size()) fail("there is no group " + std::to_string(group) + " before");
    if (groups_[group].is_open) fail("group " + std::to_string(group) + " isn't closed yet");
    if (behind_ && group >= *behind_) fail("group " + std::to_string(group) + " is in the same look-behind");
  }

  void refer(size_t group) {
    check_is_closed(group);
    emit("\\g{" + std::to_string(group) + "}", groups_[group].width);
  }

  size_t named(std::u32string_view name) const {
    const std::string word = utf8(name);
    const auto found = std::ranges::find(result_.names, word, &std::pair<std::string, size_t>::first);
    if (found == result_.names.end()) fail("there is no group \"" + word + "\"");
    return found->second;
  }

  Member set_member(char32_t c) {
    if (c != '\\') return {literal(c), c};
    const char32_t escaped = take();
    if (is_class(escaped)) return {{'\\', static_cast<char>(escaped)}, std::nullopt};
    char32_t character = '\b';
    if (is_octal(escaped)) {
      std::u32string digits(1, escaped);
      digits += take_while(2, is_octal);
      character = octal(digits);
    } else if (escaped != 'b') {
      const auto common = common_escape(escaped);
      if (!common) fail_escape(escaped);
      character = *common;
    }
    return {literal(character), character};
  }

  void set() {
    std::string text = take('^') ? "[^" : "[";
    for (bool is_first = true;; is_first = false) {
      if (next() == kEnd) fail("a set has no ]");
      const char32_t c = take();
      if (c == ']' && !is_first) break;
      const Member low = set_member(c);
      text += low.text;
      if (next() != '-' || next(1) == ']') continue;
      take();
      if (next() == kEnd) fail("a set has no ]");
      const Member high = set_member(take());
      if (!low.character || !high.character || *high.character < *low.character) {
        fail("a set has the range " + low.text + "-" + high.text);
      }
      text += "-" + high.text;
    }
    emit(text + "]", {1, 1});
  }

  // After "{": the bounds, or nothing where it is a brace like any other.
  std::optional<std::pair<size_t, std::optional<size_t>>> bounds() {
    const size_t begin = at_;
    const auto number = [&](std::u32string_view digits) -> size_t {
      const size_t value = digits.size() > 6 ? kMaxRepeat + 1 : std::stoul(utf8(digits));
      if (value > kMaxRepeat) fail("more than 65535 repeats aren't known here");
      return value;
    };
    if (next() == '}') return std::nullopt;
    const auto low = take_while(text_.size(), is_digit);
    const bool is_range = take(',');
    const auto high = is_range ? take_while(text_.size(), is_digit) : low;
    if (!take('}')) {
      at_ = begin;
      return std::nullopt;
    }
    const size_t least = low.empty() ? 0 : number(low);
    if (high.empty()) return std::pair(least, std::nullopt);
    const size_t most = number(high);
    if (most < least) fail("a repeat's bounds are the wrong way round");
    return std::pair(least, std::optional(most));
  }

  void repeat(size_t least, std::optional<size_t> most) {
    if (last_ == Item::kNone || last_ == Item::kPlace) fail("there is nothing to repeat");
    if (last_ == Item::kRepeat) fail("a repeat is repeated");
    std::string text = "{" + std::to_string(least) + ",";
    if (most) text += std::to_string(*most);
    text += '}';
    if (take('?'))
      text += '?';
    else if (take('+'))
      text += '+';
    result_.text += text;
    const Width one{width_.least - before_last_.least, width_.most - before_last_.most};
    width_ = before_last_ + Width{std::min(one.least * least, kMaxWidth),
                                  one.most == 0 ? 0 : std::min(one.most * most.value_or(kMaxWidth), kMaxWidth)};
    last_ = Item::kRepeat;
  }

  // The rest of a group, with its ")". Returns the width of what it holds.
  Width rest_of_group(size_t depth) {
    const size_t begin = at_;
    const Width width = alternatives(depth + 1);
    if (!take(')')) {
      at_ = begin;
      fail("a group has no )");
    }
    return width;
  }

  void capture(size_t depth, std::u32string_view name) {
    const size_t group = groups_.size();
    if (!name.empty()) {
      const std::string word = utf8(name);
      if (!is_identifier(name)) fail("\"" + word + "\" is no name for a group");
      const bool is_known = std::ranges::any_of(result_.names, [&](const auto& known) { return known.first == word; });
      if (is_known) fail("two groups are named \"" + word + "\"");
      result_.names.emplace_back(word, group);
    }
    groups_.emplace_back();
    enclosed("(", depth);
    groups_[group] = {false, {width_.least - before_last_.least, width_.most - before_last_.most}};
  }

  void enclosed(const std::string& opening, size_t depth) {
    result_.text += opening;
    const Width width = rest_of_group(depth);
    emit(")", width);
  }

  void look_around(const std::string& opening, bool is_behind, size_t depth) {
    const auto outer = behind_;
    if (is_behind && !behind_) behind_ = groups_.size();
    result_.text += opening;
    const Width width = rest_of_group(depth);
    behind_ = outer;
    if (is_behind && width.least != width.most) fail("a look-behind needs a fixed width");
    emit(")", {});
  }

  void condition(size_t depth) {
    const auto word = take_until(')');
    size_t group = 0;
    if (is_identifier(word)) {
      group = named(word);
    } else {
      if (word.empty() || word.size() > 5 || !std::ranges::all_of(word, is_digit)) fail("a condition is no group");
      group = std::stoul(utf8(word));
      if (group == 0) fail("a condition is no group");
      conditions_.push_back(group);
    }
    if (behind_) check_is_closed(group);
    result_.text += "(?(" + std::to_string(group) + ")";
    Width width = sequence(depth + 1);
    if (take('|')) {
      result_.text += '|';
      const Width other = sequence(depth + 1);
      if (next() == '|') fail("a condition has more than two branches");
      width = {std::min(width.least, other.least), std::max(width.most, other.most)};
    } else {
      width.least = 0;
    }
    if (!take(')')) fail("a group has no )");
    emit(")", width);
  }

  // After "(?": flags for the whole pattern, or up to the group's end.
  void flags(size_t depth) {
    Flags found;
    const auto read = [&](std::string& letters, bool is_off) {
      while (is_letter(next())) {
        const auto c = static_cast<char>(take());
        if (c == 'x' && !is_off)
          found.verbose = true;
        else if (c == 'x')
          verbose_off_ = true;
        else if (c == 'a' && !is_off)
          found.ascii = true;
        else if (c == 'i' || c == 'm' || c == 's')
          letters += c;
        else if (c != 'u' || is_off)
          fail(std::string("there is no flag ") + c);
      }
    };
    verbose_off_ = false;
    const size_t begin = at_;
    read(found.on, false);
    if (at_ == begin && next() != '-') fail("(?" + utf8(std::u32string(1, take())) + " means nothing");
    if (take(')')) {
      if (depth > 0 || !result_.text.empty()) fail("flags for the whole pattern stand at its start");
      set_global(found);
      return;
    }
    if (take('-')) {
      read(found.off, true);
      if (found.off.empty() && !verbose_off_) fail("a flag is missing");
      if (found.off.find_first_of(found.on) != found.off.npos) fail("a flag is both on and off");
    }
    if (!take(':')) fail("flags have no : or )");
    if (found.ascii) fail("(?a:…) isn't known here: put (?a) at the start");
    const bool outer = verbose_;
    verbose_ = (verbose_ || found.verbose) && !verbose_off_;
    enclosed("(?" + found.on + (found.off.empty() ? "" : "-" + found.off) + ":", depth);
    verbose_ = outer;
  }

  void set_global(const Flags& flags) {
    verbose_ |= flags.verbose;
    ascii_ |= flags.ascii;
    for (const char c : flags.on) {
      result_.options |= c == 'i' ? PCRE2_CASELESS : c == 'm' ? PCRE2_MULTILINE : PCRE2_DOTALL;
    }
  }

  // After "(".
  void group(size_t depth) {
    if (!take('?')) return capture(depth, U"");
    const char32_t c = take();
    switch (c) {
      case 'P':
        if (take('<')) {
          const auto name = take_until('>');
          if (name.empty()) fail("a group's name is missing");
          return capture(depth, name);
        }
        if (take('=')) return refer(named(take_until(')')));
        fail("(?P" + utf8(std::u32string(1, take())) + " means nothing");
      case ':':
        return enclosed("(?:", depth);
      case '>':
        return enclosed("(?>", depth);
      case '#':
        while (take() != ')') {
        }
        return;
      case '=':
      case '!':
        return look_around(std::string("(?") + static_cast<char>(c), false, depth);
      case '<':
        if (next() == '=' || next() == '!') {
          return look_around(std::string("(?<") + static_cast<char>(take()), true, depth);
        }
        fail("(?<" + utf8(std::u32string(1, take())) + " means nothing; a name is given by (?P<name>…)");
      case '(':
        return condition(depth);
      default:
        --at_;
        return flags(depth);
    }
  }

  bool skip_verbose() {
    if (is_space(next())) return take(), true;
    if (next() != '#') return false;
    while (next() != kEnd && take() != '\n') {
    }
    return true;
  }

  // Up to "|", ")" or the end. Returns the width of it all.
  Width sequence(size_t depth) {
    if (depth > kMaxDepth) fail("groups are nested in more than 200 levels");
    const Width outer = width_;
    width_ = before_last_ = {};
    last_ = Item::kNone;
    while (next() != kEnd && next() != '|' && next() != ')') {
      if (verbose_ && skip_verbose()) continue;
      element(depth);
    }
    const Width width = width_;
    width_ = outer;
    return width;
  }

  void element(size_t depth) {
    const char32_t c = take();
    switch (c) {
      case '\\':
        return escape();
      case '[':
        return set();
      case '(':
        return group(depth);
      case '.':
        return emit(".", {1, 1});
      case '^':
      case '$':
        return emit(std::string(1, static_cast<char>(c)), {}, Item::kPlace);
      case '*':
        return repeat(0, std::nullopt);
      case '+':
        return repeat(1, std::nullopt);
      case '?':
        return repeat(0, 1);
      case '{':
        if (const auto range = bounds()) return repeat(range->first, range->second);
        break;
      default:
        break;
    }
    emit(literal(c), {1, 1});
  }

  Width alternatives(size_t depth) {
    Width width = sequence(depth);
    while (take('|')) {
      result_.text += '|';
      const Width other = sequence(depth);
      width = {std::min(width.least, other.least), std::max(width.most, other.most)};
    }
    return width;
  }

  std::u32string text_;
  size_t at_ = 0;
  PcrePattern result_;
  std::vector<Group> groups_ = {Group{}};  // the first is the whole
  std::vector<size_t> conditions_;
  std::optional<size_t> behind_;  // in a look-behind: the groups before it
  bool verbose_ = false;
  bool verbose_off_ = false;
  bool ascii_ = false;
  // Of the sequence that is being read.
  Width width_;
  Width before_last_;
  Item last_ = Item::kNone;
};

}  // namespace

PcrePattern to_pcre(std::string_view python) { return Translator(python).run(); }

std::u32string decode_utf8(std::string_view text) {
  if (!is_utf8(text)) throw std::invalid_argument("it is no UTF-8");
  std::u32string result;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    const size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t c = size == 1 ? first : first & (0x7f >> size);
    for (size_t k = 1; k < size; ++k) c = c << 6 | (static_cast<uint8_t>(text[i + k]) & 0x3f);
    result += c;
    i += size;
  }
  return result;
}

bool is_identifier(std::u32string_view word) {
  return !word.empty() && !is_digit(word[0]) &&
         std::ranges::all_of(word, [](char32_t c) { return is_letter(c) || is_digit(c) || c == '_' || c >= 0x80; });
}

}  // namespace torch_ext::formats

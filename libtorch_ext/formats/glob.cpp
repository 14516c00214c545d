#include "libtorch_ext/formats/glob.h"

#include <algorithm>
#include <cstddef>

namespace torch_ext::formats {
namespace {

// The bytes that a character of UTF-8 takes; 1 where it is damaged.
size_t character_size(std::string_view text) {
  size_t size = 1;
  if (static_cast<unsigned char>(text[0]) < 0xc0) return size;
  while (size < text.size() && size < 4 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
  return size;
}

// The bytes of the set that `pattern`, which starts with "[", starts with; 0 where it isn't closed.
size_t set_size(std::string_view pattern) {
  const size_t first = pattern.substr(1, 1) == "!" ? 2 : 1;
  const size_t end = pattern.find(']', first + 1);  // one that comes first is a member
  return end == pattern.npos ? 0 : end + 1;
}

bool in_set(std::string_view set, std::string_view character) {
  std::string_view members = set.substr(1, set.size() - 2);
  const bool negated = members.starts_with('!');
  if (negated) members.remove_prefix(1);
  bool found = false;
  while (!members.empty() && character.size() == 1) {
    const bool is_range = members.size() >= 3 && members[1] == '-';
    const char last = is_range ? members[2] : members[0];
    found |= members[0] <= character[0] && character[0] <= last;
    members.remove_prefix(is_range ? 3 : 1);
  }
  return found != negated;
}

// Takes one character off `text` and what it matches off `pattern`; false, and nothing is taken, where they differ.
bool take_one(std::string_view& pattern, std::string_view& text) {
  if (pattern.empty() || text.empty()) return false;
  size_t taken = 1;
  size_t character = character_size(text);
  if (const size_t set = pattern[0] == '[' ? set_size(pattern) : 0) {
    if (!in_set(pattern.substr(0, set), text.substr(0, character))) return false;
    taken = set;
  } else if (pattern[0] != '?') {
    if (pattern[0] != text[0]) return false;
    character = 1;
  }
  pattern.remove_prefix(taken);
  text.remove_prefix(character);
  return true;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::string_view after_star;  // where to go on when what follows the last star doesn't match here
  std::string_view left;
  bool has_star = false;
  while (!text.empty() || pattern.starts_with('*')) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      after_star = pattern, left = text, has_star = true;
    } else if (!take_one(pattern, text)) {
      if (!has_star || left.empty()) return false;
      left.remove_prefix(character_size(left));
      pattern = after_star, text = left;
    }
  }
  return pattern.empty();
}

}  // namespace torch_ext::formats

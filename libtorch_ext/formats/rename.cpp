#include "libtorch_ext/formats/rename.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <regex>
#include <stdexcept>
#include <vector>

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxName = 500;

// A stretch of a replacement: text, or the number of a group.
struct Piece {
  std::string text;
  size_t group = 0;
  bool is_group = false;
};

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }

// The pieces of `replacement`, for a pattern of so many groups.
std::vector<Piece> pieces_of(std::string_view replacement, size_t groups) {
  const auto fail = [&](const std::string& problem) {
    throw std::invalid_argument("the replacement \"" + std::string(replacement) + "\": " + problem);
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < replacement.size();) {
    const std::string_view rest = replacement.substr(i);
    size_t group = 0;
    if (rest[0] != '\\') {
      const size_t size = std::min(rest.find('\\'), rest.size());
      pieces.push_back({.text = std::string(rest.substr(0, size))});
      i += size;
      continue;
    } else if (rest.starts_with("\\\\")) {
      pieces.push_back({.text = "\\"});
      i += 2;
      continue;
    } else if (rest.size() > 1 && is_digit(rest[1]) && rest[1] != '0') {
      group = static_cast<size_t>(rest[1] - '0');
      i += 2;
    } else if (rest.size() > 4 && rest.starts_with("\\g<") && is_digit(rest[3]) && rest[4] == '>') {
      group = static_cast<size_t>(rest[3] - '0');
      i += 5;
    } else {
      fail("found \"" + std::string(rest.substr(0, 2)) + "\", expected \\1 … \\9, \\g<0> … \\g<9> or \\\\");
    }
    if (group > groups) {
      fail("found the group " + std::to_string(group) + ", expected at most " + std::to_string(groups) +
           ", as many as the pattern has");
    }
    pieces.push_back({.group = group, .is_group = true});
  }
  return pieces;
}

// libstdc++'s backtracking matcher takes cubic time and more for "(.*)\\.(.*)\\.x"; its other one doesn't.
#ifdef __GLIBCXX__
constexpr auto kSyntax = std::regex::ECMAScript | std::regex_constants::__polynomial;
#else
constexpr auto kSyntax = std::regex::ECMAScript;
#endif

std::regex compile(std::string_view pattern) {
  try {
    return std::regex(pattern.begin(), pattern.end(), kSyntax);
  } catch (const std::regex_error& error) {
    throw std::invalid_argument("\"" + std::string(pattern) + "\" is no regular expression: " + error.what());
  }
}

}  // namespace

struct Rename::Compiled {
  std::regex regex;
  std::vector<Piece> replacement;
};

Rename::Rename(std::string_view pattern, std::string_view replacement) {
  std::regex regex = compile(pattern);
  auto pieces = pieces_of(replacement, regex.mark_count());
  compiled_ = std::make_shared<const Compiled>(Compiled{std::move(regex), std::move(pieces)});
}

Rename Rename::parse(std::string_view text) {
  const size_t equals = text.rfind('=');
  if (equals == text.npos) {
    throw std::invalid_argument("found \"" + std::string(text) + "\", expected PATTERN=REPLACEMENT");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string Rename::operator()(std::string_view name) const {
  if (name.size() > kMaxName) {
    throw std::length_error("found a name of " + std::to_string(name.size()) + " bytes, expected at most " +
                            std::to_string(kMaxName) + " where names are changed by a pattern");
  }
  std::string result;
  const char* done = name.data();
  const char* const end = name.data() + name.size();
  for (std::cregex_iterator match(done, end, compiled_->regex), none; match != none; ++match) {
    result.append(done, (*match)[0].first);
    for (const Piece& piece : compiled_->replacement) {
      result += piece.is_group ? (*match)[piece.group].str() : piece.text;
    }
    done = (*match)[0].second;
  }
  return result.append(done, end);
}

std::string renamed(std::span<const Rename> renames, std::string_view name) {
  std::string result(name);
  for (const Rename& rename : renames) result = rename(result);
  return result;
}

}  // namespace torch_ext::formats

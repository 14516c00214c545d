#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torch_ext::formats {

/// A regular expression as Python's `re.compile(pattern)` understands it (see python_pattern.h for what is missing).
///
///     PythonRegex("(?<=layer)(?P<n>\\d)").search("layer1.weight", 0)[1];   // "1"
class PythonRegex {
 public:
  /// Throws `std::invalid_argument` that names the pattern and says at which character it is wrong.
  explicit PythonRegex(std::string_view pattern);

  const std::string& pattern() const { return pattern_; }
  /// How many groups it has.
  size_t groups() const { return groups_; }
  /// Those that have names, with their numbers.
  const std::vector<std::pair<std::string, size_t>>& names() const { return names_; }

  /// The first match that begins at `from` or behind it: the whole and then each group, parts of `text`; the data of a
  /// group that has none is null. Empty where nothing matches. With `advances`, an empty match at `from` doesn't count.
  ///
  /// Throws `std::invalid_argument` for a text that is no UTF-8, and `std::length_error` where the pattern would try
  /// more than a million ways: nested repeats can take time beyond measure.
  std::vector<std::string_view> search(std::string_view text, size_t from, bool advances = false) const;

 private:
  struct Compiled;

  std::string pattern_;
  size_t groups_ = 0;
  std::vector<std::pair<std::string, size_t>> names_;
  std::shared_ptr<const Compiled> compiled_;
};

/// The replacement of Python's `re.sub`: text with `\1`, `\g<1>` and `\g<name>` for groups (`\g<0>` is the whole
/// match), and escapes: `\n`, `\t`, `\\`, `\101`, … A backslash before any other letter is an error, as in Python.
class PythonTemplate {
 public:
  /// Throws `std::invalid_argument`, also for a group that `regex` doesn't have.
  PythonTemplate(std::string_view text, const PythonRegex& regex);

  /// Appends the text for a match that `regex.search` found; a group that took no part is empty.
  void append(std::string& out, const std::vector<std::string_view>& match) const;

 private:
  struct Piece {
    std::string text;  // then the group
    size_t group;
  };

  std::vector<Piece> pieces_;
  std::string end_;
};

}  // namespace torch_ext::formats

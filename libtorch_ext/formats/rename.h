#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// One entry of a rename map: Python's `re.sub(pattern, replacement, name)`. Every match is replaced.
///
/// `pattern` is an ECMAScript regular expression (Python's without lookbehind, named groups and, in patterns,
/// references back). In `replacement`,
/// `\1` … `\9` and `\g<1>` stand for the groups, `\g<0>` for the whole match, `\\` for a backslash.
///
///     Rename("^(backbone|encoder)\\.", "net.\\1.")("encoder.fc.weight");   // "net.encoder.fc.weight"
class Rename {
 public:
  /// Throws `std::invalid_argument` for a pattern that is no regular expression, and for a replacement that names a
  /// group which the pattern doesn't have.
  Rename(std::string_view pattern, std::string_view replacement);
  /// From "PATTERN=REPLACEMENT", split at the last "=". Throws `std::invalid_argument` also where there is none.
  static Rename parse(std::string_view text);

  /// `name` with every match replaced. Throws `std::length_error` for a name of more than 500 bytes, which no
  /// checkpoint has: the time that a regular expression takes grows with the square of it.
  std::string operator()(std::string_view name) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// `name` after all of `renames`, each applied to the result of the one before.
std::string renamed(std::span<const Rename> renames, std::string_view name);

}  // namespace torch_ext::formats

#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// One entry of a rename map: Python's `re.sub(pattern, replacement, name)`. Every match is replaced.
///
/// `pattern` and `replacement` are Python's, with look-behind, named groups and references back, `\1`, `\g<1>` and
/// `\g<name>`; see regex/python_regex.h.
///
///     Rename("^(backbone|encoder)\\.", "net.\\1.")("encoder.fc.weight");   // "net.encoder.fc.weight"
///     Rename("(?<=layer)(?P<n>\\d)", ".\\g<n>")("layer1.weight");          // "layer.1.weight"
class Rename {
 public:
  /// Throws `std::invalid_argument` for what Python refuses, too: a pattern that is no regular expression, a
  /// replacement that names a group which the pattern doesn't have.
  Rename(std::string_view pattern, std::string_view replacement);
  /// From "PATTERN=REPLACEMENT", split at the last "=". Throws `std::invalid_argument` also where there is none.
  static Rename parse(std::string_view text);

  /// `name` with every match replaced. Throws `std::length_error` for a name of more than 500 bytes, which no
  /// checkpoint has, and for a pattern that takes more than a million steps on it; `std::invalid_argument` for a name
  /// that is no UTF-8.
  std::string operator()(std::string_view name) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// `name` after all of `renames`, each applied to the result of the one before.
std::string renamed(std::span<const Rename> renames, std::string_view name);

}  // namespace torch_ext::formats

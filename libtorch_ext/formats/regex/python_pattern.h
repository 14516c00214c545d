#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torch_ext::formats {

/// A regular expression of Python's `re` in the words of PCRE2.
struct PcrePattern {
  std::string text;
  uint32_t options = 0;                               ///< PCRE2's: from flags such as (?i) at the start
  size_t groups = 0;                                  ///< named ones have numbers only
  std::vector<std::pair<std::string, size_t>> names;  ///< and the numbers they stand for
};

/// Translates what Python 3.11 to 3.13 read as a pattern of `str`. What the two languages write alike and mean
/// otherwise (`\Z`, `\v`, `{,3}`, `[[:alpha:]]`, …) keeps Python's meaning; what Python refuses is refused: `\h`,
/// `(?<name>…)`, a look-behind of varying width, flags in the middle. Of Python's syntax only `\N{…}`, the flags a and
/// u in the middle and more than 65,535 repeats are missing. Throws `std::invalid_argument`.
PcrePattern to_pcre(std::string_view python);

/// The code points of UTF-8. Throws `std::invalid_argument` for anything else.
std::u32string decode_utf8(std::string_view text);

/// Whether Python takes it for a name, as far as ASCII goes: a letter or "_", then digits, too.
bool is_identifier(std::u32string_view word);

}  // namespace torch_ext::formats

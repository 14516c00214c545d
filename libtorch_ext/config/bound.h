#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace torch_ext::config {

/// A map whose order counts.
using StringPairs = std::vector<std::pair<std::string, std::string>>;

/// What a config value may be, beyond its type, and the words for it: "at least 1".
/// Checked on reading; an empty one allows everything.
struct Bound {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool open = false;               ///< the minimum itself is out
  std::vector<std::string> words;  ///< a string must be one of these, unless there are none
  bool automatic = false;          ///< of an optional: its null is a choice left to the program, and "auto" says so, too
  bool nullable = false;           ///< null is allowed; set by the reader of an optional

  bool allows(double value) const { return (open ? value > minimum : value >= minimum) && value <= maximum; }
};

inline Bound at_least(double minimum) { return {.minimum = minimum}; }
inline Bound above(double minimum) { return {.minimum = minimum, .open = true}; }
inline Bound between(double minimum, double maximum) { return {.minimum = minimum, .maximum = maximum}; }
inline Bound one_of(std::vector<std::string> words) { return {.words = std::move(words)}; }
/// A number within `bound`, or "auto": the program chooses.
inline Bound or_auto(Bound bound) {
  bound.automatic = true;
  return bound;
}

/// " of at least 1", " above 0", " from 0 to 1", or nothing; then, of an optional, ", or null" or ", or \"auto\"".
std::string to_words(const Bound& bound);

}  // namespace torch_ext::config

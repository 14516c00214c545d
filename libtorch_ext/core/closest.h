#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torch_ext {

/// The candidate that `word` was most likely meant to be, or an empty string when none is near.
/// Ignores case; allows one edit (insertion, deletion, substitution, swap of neighbours) per three letters.
///
///     closest("lerning_rate", {"learning_rate", "momentum"})   // "learning_rate"
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

/// `; did you mean "X"?` with the closest candidate, or nothing: the tail of an error message.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// The words in quotes, with commas: `"SGD", "AdamW"`.
std::string quoted_list(const std::vector<std::string>& words);

}  // namespace torch_ext

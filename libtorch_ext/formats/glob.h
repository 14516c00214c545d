#pragma once

#include <string_view>

namespace torch_ext::formats {

/// Whether all of `text` matches `pattern`, as Python's `fnmatch.fnmatchcase` would say: `*` stands for anything, dots
/// too, `?` for one character, `[abc]`, `[a-z]` and `[!a-z]` for one (ASCII) character of a set or of none; a `[`
/// without its `]` stands for itself.
///
/// Takes at most |pattern| × |text| steps and no memory, whatever they are.
///
///     matches_glob("layer[34].*.weight", "layer3.0.conv1.weight");   // true
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace torch_ext::formats

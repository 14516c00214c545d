#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace torch_ext {

/// In words, which names of `expected` aren't in `found` and which of `found` not in `expected`; empty where both have
/// the same, in whatever order. What differs by case, spaces, a plural or its Unicode form is told as one difference.
///
///     class_differences({"Cat", "dog", "fox"}, {"cat", "dog", "eel"})
///     // "Cat" for "cat"; no "eel"; "fox", which isn't expected
///
/// `may_lack`: names that aren't found are no difference.
std::string class_differences(const std::vector<std::string>& found, const std::vector<std::string>& expected,
                              bool may_lack = false);

/// Where each of `names` stands in `among`, which has all of them.
std::vector<int64_t> indices_of(const std::vector<std::string>& names, const std::vector<std::string>& among);

/// The names in quotes; of many the first, and how many more.
std::string some_of(const std::vector<std::string>& names);

}  // namespace torch_ext

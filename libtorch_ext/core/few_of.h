#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace torch_ext {

/// The first of many words, and how many more there are, for one line.
///
///     few_of({"conv1.weight", "bn1.weight", "bn1.bias"}, 2)   // "conv1.weight, bn1.weight and 1 more"
inline std::string few_of(const std::vector<std::string>& words, size_t most = 4) {
  std::string text;
  for (size_t i = 0; i < std::min(most, words.size()); ++i) text += (i ? ", " : "") + words[i];
  return words.size() <= most ? text : text + " and " + std::to_string(words.size() - most) + " more";
}

}  // namespace torch_ext

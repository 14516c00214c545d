#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace torch_ext {

/// `text` with A to Z in lower case; all other bytes stay.
inline std::string small_letters(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return small;
}

}  // namespace torch_ext

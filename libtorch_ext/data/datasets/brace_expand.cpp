#include "libtorch_ext/data/datasets/brace_expand.h"

#include <c10/util/Exception.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace torch_ext {
namespace {

constexpr size_t kMostWords = 1'000'000;

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> alternatives(std::string_view inside) {
  std::vector<std::string> words;
  const size_t dots = inside.find("..");
  if (dots != inside.npos) {
    const auto low = number(inside.substr(0, dots));
    const auto high = number(inside.substr(dots + 2));
    if (low && high && *low <= *high && *high - *low < kMostWords) {
      const size_t width = inside[0] == '0' ? dots : 0;
      for (uint64_t i = *low; i <= *high; ++i) {
        std::string digits = std::to_string(i);
        if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
        words.push_back(std::move(digits));
      }
      return words;
    }
  }
  TORCH_CHECK_VALUE(dots == inside.npos, "found the range {", inside,
                    "}, expected two numbers, ascending, like {000..010}");
  for (;;) {
    const size_t comma = inside.find(',');
    words.emplace_back(inside.substr(0, comma));
    if (comma == inside.npos) return words;
    inside.remove_prefix(comma + 1);
  }
}

}  // namespace

std::vector<std::string> brace_expand(const std::string& pattern) {
  std::vector<std::string> words{""};
  for (std::string_view rest = pattern;;) {
    const size_t open = rest.find('{');
    for (std::string& word : words) word += rest.substr(0, open);
    if (open == rest.npos) return words;
    const size_t close = rest.find('}', open);
    TORCH_CHECK_VALUE(close != rest.npos, "\"", pattern, "\": found a brace that isn't closed");
    const auto choices = alternatives(rest.substr(open + 1, close - open - 1));
    TORCH_CHECK_VALUE(words.size() <= kMostWords / choices.size(), "\"", pattern, "\" stands for more than ",
                      kMostWords, " words");
    std::vector<std::string> longer;
    for (const std::string& word : words) {
      for (const std::string& choice : choices) longer.push_back(word + choice);
    }
    words = std::move(longer);
    rest.remove_prefix(close + 1);
  }
}

}  // namespace torch_ext

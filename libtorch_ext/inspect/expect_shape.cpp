#include "libtorch_ext/inspect/expect_shape.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <vector>

namespace torch_ext {
namespace {

bool is_size(const std::string& word) {
  constexpr size_t kLongestSize = 18;  // fits into 64 bits
  return word.size() <= kLongestSize &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c); });
}

bool is_name(const std::string& word) {
  return !std::isdigit(static_cast<unsigned char>(word[0])) &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

}  // namespace

NamedSizes expect_shape(const at::Tensor& tensor, const std::string& pattern, const std::string& name,
                        NamedSizes known) {
  std::vector<std::string> words;
  std::istringstream text(pattern);
  for (std::string word; text >> word;) {
    TORCH_CHECK_VALUE(word == "..." || is_size(word) || is_name(word), "expect_shape: found \"", word, "\" in \"",
                      pattern, "\", expected sizes, names, _ and ...");
    words.push_back(word);
  }
  const auto dots = std::find(words.begin(), words.end(), "...");
  const bool any_number = dots != words.end();
  TORCH_CHECK_VALUE(!any_number || std::find(dots + 1, words.end(), "...") == words.end(), "expect_shape: found \"",
                    pattern, "\", expected ... once");

  std::string expected = pattern;
  bool first = true;
  for (const auto& word : words) {
    const auto bound = known.find(word);
    if (bound == known.end() || expected.find(' ' + word + " = ") != std::string::npos) continue;
    expected += (first ? " with " : ", ") + word + " = " + std::to_string(bound->second);
    first = false;
  }
  TORCH_CHECK_VALUE(tensor.defined(), name, ": found an undefined tensor, expected ", expected);
  const at::IntArrayRef sizes = tensor.sizes();
  const size_t fixed = words.size() - (any_number ? 1 : 0);
  TORCH_CHECK_VALUE(any_number ? sizes.size() >= fixed : sizes.size() == fixed, name, ": found ", sizes, " of ",
                    sizes.size(), " dimensions, expected ", expected, " of ", fixed, any_number ? " or more" : "");

  std::string wrong;
  for (size_t i = 0, dim = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "...") {
      dim = sizes.size() - (words.size() - 1 - i);
      continue;
    }
    const int64_t size = sizes[dim];
    std::string want;
    if (is_size(word)) {
      if (std::stoll(word) != size) want = word;
    } else if (word != "_") {
      const auto bound = known.emplace(word, size).first;
      if (bound->second != size) want = word + " = " + std::to_string(bound->second);
    }
    if (!want.empty()) {
      wrong += (wrong.empty() ? ": dimension " : "; dimension ") + std::to_string(dim) + " is " + std::to_string(size) +
               ", expected " + want;
    }
    ++dim;
  }
  TORCH_CHECK_VALUE(wrong.empty(), name, ": found ", sizes, ", expected ", expected, wrong);
  return known;
}

}  // namespace torch_ext

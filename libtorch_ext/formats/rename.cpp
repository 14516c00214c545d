#include "libtorch_ext/formats/rename.h"

#include <cstddef>
#include <stdexcept>

#include "libtorch_ext/formats/regex/python_regex.h"

namespace torch_ext::formats {
namespace {

constexpr size_t kMaxName = 500;

}  // namespace

struct Rename::Compiled {
  PythonRegex regex;
  PythonTemplate replacement;
};

Rename::Rename(std::string_view pattern, std::string_view replacement) {
  PythonRegex regex(pattern);
  PythonTemplate pieces(replacement, regex);
  compiled_ = std::make_shared<const Compiled>(Compiled{std::move(regex), std::move(pieces)});
}

Rename Rename::parse(std::string_view text) {
  const size_t equals = text.rfind('=');
  if (equals == text.npos) {
    throw std::invalid_argument("found \"" + std::string(text) + "\", expected PATTERN=REPLACEMENT");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string Rename::operator()(std::string_view name) const {
  if (name.size() > kMaxName) {
    throw std::length_error("found a name of " + std::to_string(name.size()) + " bytes, expected at most " +
                            std::to_string(kMaxName) + " where names are changed by a pattern");
  }
  std::string result;
  size_t done = 0;
  bool was_empty = false;  // an empty match isn't found again where it was
  for (;;) {
    const auto match = compiled_->regex.search(name, done, was_empty);
    if (match.empty()) break;
    const auto begin = static_cast<size_t>(match[0].data() - name.data());
    result.append(name, done, begin - done);
    compiled_->replacement.append(result, match);
    done = begin + match[0].size();
    was_empty = match[0].empty();
  }
  return result.append(name, done);
}

std::string renamed(std::span<const Rename> renames, std::string_view name) {
  std::string result(name);
  for (const Rename& rename : renames) result = rename(result);
  return result;
}

}  // namespace torch_ext::formats

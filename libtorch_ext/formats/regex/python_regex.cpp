#include "libtorch_ext/formats/regex/python_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <cstdint>
#include <pcre2.h>
#include <stdexcept>

#include "libtorch_ext/formats/regex/python_pattern.h"

namespace torch_ext::formats {
namespace {

constexpr uint32_t kMaxWays = 1'000'000;
constexpr uint32_t kMaxHeap = 64 * 1024;  // KiB

using CompileContext = std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)>;
using MatchContext = std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)>;
using MatchData = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;
using Code = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string error_text(int code) {
  unsigned char text[256] = {};
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

Code compiled(const PcrePattern& pattern) {
  const CompileContext context(pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  size_t at = 0;
  Code code(pcre2_compile(units(pattern.text), pattern.text.size(), pattern.options | PCRE2_NEVER_BACKSLASH_C, &error,
                          &at, context.get()),
            pcre2_code_free);
  if (!code) throw std::invalid_argument(error_text(error));
  return code;
}

}  // namespace

struct PythonRegex::Compiled {
  Code code;
  MatchContext context;
};

PythonRegex::PythonRegex(std::string_view pattern) : pattern_(pattern) {
  try {
    PcrePattern translated = to_pcre(pattern);
    MatchContext context(pcre2_match_context_create(nullptr), pcre2_match_context_free);
    pcre2_set_match_limit(context.get(), kMaxWays);
    pcre2_set_heap_limit(context.get(), kMaxHeap);
    compiled_ = std::make_shared<const Compiled>(Compiled{compiled(translated), std::move(context)});
    groups_ = translated.groups;
    names_ = std::move(translated.names);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("\"" + pattern_ + "\" is no regular expression: " + error.what());
  }
}

std::vector<std::string_view> PythonRegex::search(std::string_view text, size_t from, bool advances) const {
  const MatchData data(pcre2_match_data_create_from_pattern(compiled_->code.get(), nullptr), pcre2_match_data_free);
  const uint32_t options = (advances ? PCRE2_NOTEMPTY_ATSTART : 0) | (from > 0 ? PCRE2_NO_UTF_CHECK : 0);
  const int count =
      pcre2_match(compiled_->code.get(), units(text), text.size(), from, options, data.get(), compiled_->context.get());
  if (count == PCRE2_ERROR_NOMATCH) return {};
  if (count == PCRE2_ERROR_MATCHLIMIT || count == PCRE2_ERROR_HEAPLIMIT) {
    throw std::length_error("the pattern \"" + pattern_ + "\" takes more than a million steps on \"" +
                            std::string(text) + "\": write it with fewer repeats in repeats");
  }
  if (count < 0) throw std::invalid_argument("the pattern \"" + pattern_ + "\": " + error_text(count));
  const size_t* ends = pcre2_get_ovector_pointer(data.get());
  std::vector<std::string_view> match(groups_ + 1);
  for (size_t i = 0; i <= groups_; ++i) {
    if (ends[2 * i] != PCRE2_UNSET) match[i] = text.substr(ends[2 * i], ends[2 * i + 1] - ends[2 * i]);
  }
  return match;
}

}  // namespace torch_ext::formats

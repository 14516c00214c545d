#include "libtorch_ext/formats/glob.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace torch_ext::formats {

TEST_CASE("a glob matches what Python's fnmatchcase matches", "[glob]") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::vector<std::string> patterns = {
      "",      "*",      "**",   "?",    "a",      "a*",  "*a",        "*a*",       "a?c", "[abc]",    "[!abc]*",
      "[a-c]", "[]]",    "[!]]", "[",    "[a",     "a[",  "[]",        "*[!.]",     "*.?", "layer?.*", "*.weight",
      "a*b*c", "*ab*ab", "[a-]", "[-a]", "[a-cx]", "\\*", "\xc3\xa4?", "?\xc3\xa4", "*]*", "[!a-]b",   "l*.[0-9].*t"};
  const std::vector<std::string> texts = {"",
                                          "a",
                                          "b",
                                          "abc",
                                          "a.c",
                                          "]",
                                          "[",
                                          "[a",
                                          "a[",
                                          "-",
                                          "x",
                                          "abab",
                                          "aab",
                                          "!",
                                          "\xc3\xa4",
                                          "\xc3\xa4\xc3\xa4",
                                          "ab",
                                          "-b",
                                          "b]b",
                                          "*",
                                          "\\*",
                                          "[]",
                                          "acb.c",
                                          "layer1.0.weight",
                                          "layer10.weight"};
  std::string ours, program = "import fnmatch\nprint(''.join('01'[fnmatch.fnmatchcase(t, p)] for p, t in [";
  const auto literal = [](const std::string& text) {
    std::string bytes = "bytes([";
    for (unsigned char byte : text) bytes += std::to_string(byte) + ",";
    return bytes + "]).decode()";
  };
  for (const auto& pattern : patterns) {
    for (const auto& text : texts) {
      ours += matches_glob(pattern, text) ? '1' : '0';
      program += "(" + literal(pattern) + "," + literal(text) + "),";
    }
  }
  CHECK(ours + "\n" == testing::run_python(program + "]))"));
}

TEST_CASE("no glob takes long, whatever the text", "[glob]") {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  CHECK_FALSE(matches_glob(pattern + "b", std::string(100'000, 'a')));
  CHECK(matches_glob("*", std::string(1'000'000, '\xff')));
}

}  // namespace torch_ext::formats

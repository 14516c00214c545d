#include "libtorch_ext/formats/rename.h"

#include <stdexcept>
#include <vector>

#include "tests/support/catch.h"

namespace torch_ext::formats {

using testing::ContainsSubstring;

TEST_CASE("a rename replaces as Python's re.sub does", "[rename]") {
  CHECK(Rename("^backbone\\.", "")("backbone.conv1.weight") == "conv1.weight");
  CHECK(Rename("a", "bb")("banana") == "bbbnbbnbb");
  CHECK(Rename("layer(\\d)\\.(\\d)", "stage\\1.block\\g<2>")("layer3.0.w") == "stage3.block0.w");
  CHECK(Rename("w|x", "<\\g<0>>\\\\$1&")("wax") == "<w>\\$1&a<x>\\$1&");
  CHECK(Rename("(a)|b", "[\\1]")("ab") == "[a][]");
  CHECK(Rename("x*", "-")("abc") == "-a-b-c-");
  CHECK(Rename("nothing", "x")("").empty());
}

TEST_CASE("renames apply in order, each to what the one before made", "[rename]") {
  const std::vector<Rename> renames = {{"^a", "b"}, {"^b", "c"}};
  CHECK(renamed(renames, "a.weight") == "c.weight");
  CHECK(renamed({}, "a") == "a");
}

TEST_CASE("a rename is parsed at the last equals sign", "[rename]") {
  CHECK(Rename::parse("^a(?=\\.)=b")("a.a") == "b.a");
  CHECK(Rename::parse("^module\\.=")("module.x") == "x");
  CHECK_THROWS_WITH(Rename::parse("abc"), "found \"abc\", expected PATTERN=REPLACEMENT");
}

TEST_CASE("what is no rename is refused, and so is a name that no checkpoint has", "[rename]") {
  CHECK_THROWS_WITH(Rename("(a", "b"), ContainsSubstring("\"(a\" is no regular expression"));
  CHECK_THROWS_WITH(Rename("(a)", "\\2"),
                    "the replacement \"\\2\": found the group 2, expected at most 1, as many as the pattern has");
  CHECK_THROWS_AS(Rename("a", "\\"), std::invalid_argument);
  CHECK_THROWS_AS(Rename("a", "\\n"), std::invalid_argument);
  CHECK_THROWS_AS(Rename("a", "\\g<1"), std::invalid_argument);
  CHECK(Rename("(.|\n)*", "x")(std::string(500, 'a')) == "xx");
  CHECK_THROWS_AS(Rename("a", "")(std::string(501, 'a')), std::length_error);
}

TEST_CASE("no pattern takes long or deep calls, whatever the name", "[rename]") {
  const std::string dots(500, '.');
  CHECK(Rename("(.*)\\.(.*)\\.(.*)\\.(.*)x", "y")(dots) == dots);
  CHECK(Rename("((a|b)|(c|.))*x", "y")(dots) == dots);
}

}  // namespace torch_ext::formats

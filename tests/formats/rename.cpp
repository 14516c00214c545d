#include "libtorch_ext/formats/rename.h"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {

using testing::ContainsSubstring;
using testing::run_python;
using testing::TempDir;
using testing::write_file;

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
  CHECK_THROWS_WITH(Rename("(a", "b"), "\"(a\" is no regular expression: a group has no ), at character 1");
  CHECK_THROWS_WITH(Rename("a\\h", "b"), "\"a\\h\" is no regular expression: \\h means nothing, at character 3");
  CHECK_THROWS_WITH(Rename("(a)", "\\2"),
                    "the replacement \"\\2\": found the group 2, expected at most 1, as many as the pattern has");
  CHECK_THROWS_WITH(Rename("(?P<x>a)", "\\g<y>"), "the replacement \"\\g<y>\": the pattern has no group \"y\"");
  CHECK_THROWS_AS(Rename("a", "\\"), std::invalid_argument);
  CHECK_THROWS_AS(Rename("a", "\\g<1"), std::invalid_argument);
  CHECK_THROWS_AS(Rename("\xff", "a"), std::invalid_argument);
  CHECK_THROWS_AS(Rename("a", "\xff"), std::invalid_argument);
  CHECK_THROWS_AS(Rename("a", "b")("\xff"), std::invalid_argument);
  CHECK(Rename("(.|\n)*", "x")(std::string(500, 'a')) == "xx");
  CHECK_THROWS_AS(Rename("a", "")(std::string(501, 'a')), std::length_error);
}

TEST_CASE("no pattern takes long, much memory or deep calls, whatever the name", "[rename]") {
  const std::string dots(500, '.');
  CHECK(Rename("(.*)\\.(.*)\\.(.*)\\.(.*)x", "y")(dots) == dots);
  CHECK_THROWS_WITH(Rename("(a*)*[bc]", "y")(std::string(499, 'a')),
                    ContainsSubstring("the pattern \"(a*)*[bc]\" takes more than a million steps on \"aaa"));
  CHECK_THROWS_AS(Rename("(.*)(.*)(.*)(.*)(.*)[xy]", "")(dots), std::length_error);
  CHECK_THROWS_AS(Rename(std::string(100'000, '('), ""), std::invalid_argument);
  CHECK_THROWS_AS(Rename("((((a{1000}){1000}){1000}){1000})", ""), std::invalid_argument);
  CHECK(Rename("((a|b)|(c|.))*+", "y")(dots) == "yy");
}

namespace {

struct Triple {
  const char* pattern;
  const char* replacement;
  const char* name;
};

// Each in Python's words; what Python refuses, too.
constexpr Triple kTriples[] = {
    {R"((?<=layer1)\.weight)", ".w", "layer1.weight"},
    {R"((?<=layer1)\.weight)", ".w", "layer2.weight"},
    {R"((?P<n>\d)\.weight)", R"(\g<n>.w)", "layer1.weight"},
    {R"((?<!_)norm)", "bn", "norm_norm.norm"},
    {R"((?=w)|(?!e)t)", "<>", "weight.t"},
    {R"((\w+)\.\1\.)", R"(\1.)", "layer.layer.weight"},
    {R"((?P<a>\w)(?P=a))", R"([\g<a>\g<1>\g<0>])", "ffoo.bar"},
    {R"((a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)(l))", R"(\g<12>\11\1\g<01>)", "abcdefghijklm"},
    {R"((a)|b)", R"([\1])", "ab"},
    {R"(x*)", "-", "abxd"},
    {R"(x*)", "-", "xx"},
    {R"(\b)", "|", "conv1.weight"},
    {R"(\b|\w+)", "<>", "conv1.weight"},
    {R"(|weight)", "-", "a.weight"},
    {R"(.*)", "x", "name"},
    {R"(^|$)", "'", "name"},
    {R"((?:^|\.)fc)", R"(\g<0>_)", "fc.fc.xfc"},
    {R"((?i)LAYER(\d))", R"(stage\1)", "Layer1.layer2.LAYER3"},
    {R"((?i:L)ayer)", "x", "Layer.layer.LAYER"},
    {R"((?m)^a$)", "x", "a\na\nb"},
    {R"(a$)", "x", "a\n"},
    {R"(a\Z)", "x", "a\n"},
    {R"(a\Z)", "x", "ba"},
    {R"(\Aa)", "x", "aa"},
    {R"((?m)^)", ">", "a\n"},
    {R"((?s)a.b)", "x", "a\nb"},
    {R"(a.b)", "x", "a\nb a\rb"},
    {"(?x) layer \\d  # the number\n (\\.) weight", R"(\1w)", "layer1.weight"},
    {R"((?x:a b)c d)", "x", "abc d"},
    {R"([[:alpha:]])", "x", "a:p]h]"},
    {R"([]a]+)", "x", "a]b"},
    {R"([^]a]+)", "x", "a]b.c"},
    {R"([a\-z]+)", "x", "a-z.b"},
    {R"([\w.-]+\.weight)", "x", "a-b.c.weight"},
    {R"([\d\-x]+)", "#", "1-x.y"},
    {R"(\v|\f)", "x", "a\vb\fc\n"},
    {R"(\x2e|\u0077|\U00000065)", "_", "a.we"},
    {R"(\056)", "_", "a.b"},
    {R"(\.)", R"(\n\t\a\\)", "a.b"},
    {R"(\.)", R"(\.)", "a.b"},
    {R"(\.)", R"(\0)", "a.b"},
    {R"(\.)", R"(\101\052)", "a.b"},
    {R"((\.))", R"(\18)", "a.b"},
    {R"(a{2})", "x", "aaaaa"},
    {R"(a{,2})", "x", "aaa"},
    {R"(a{2,})", "x", "aaaba"},
    {R"(a{1,2}?)", "x", "aaa"},
    {R"(a{x}|b{})", "y", "a{x}.b{}"},
    {R"((?>a+)b|a++c)", "x", "aab.aac"},
    {R"(a+?)", "x", "aaa"},
    {R"((\()?a(?(1)\)|!))", "x", "(a).a!.(a!"},
    {R"((?P<p>x)?y(?(p)z))", "_", "xyz.y.xy"},
    {R"((?#a comment)a(?#another)*)", "x", "aab"},
    {R"(((a)|b)*)", R"([\1\2])", "abba"},
    {R"((a)?b\1)", "x", "ab.aba.b"},
    {"é+", "e", "réésumé"},
    {"(?i)É", "e", "é"},
    {R"(\w+)", "x", "naïve.größe"},
    {R"((?a)\w+)", "x", "naïve"},
    {R"(\d)", "x", "1٣"},
    {R"((?P<größe>\d))", R"(\g<größe>!)", "a1"},
    {"weight", "ü", "a.weight"},
    {R"(#|\#| )", "x", "a# b"},
    {R"(\_|\-)", "x", "a_b-c"},
    {R"($^|a)", "x", "ba"},
    {R"((?<=a|b)c)", "x", "acbc"},
    {R"((?<=^a)b)", "x", "abab"},
    {R"((ab)(?<=\1)c)", "x", "abc"},
    // refused
    {R"((?<=a|bc)d)", "x", "ad"},
    {R"((?<=a*)d)", "x", "ad"},
    {R"((?<n>a))", "x", "a"},
    {R"(\h)", "x", "a"},
    {R"(\Qa\E)", "x", "a"},
    {R"(\R)", "x", "a"},
    {R"(a(?i)b)", "x", "aB"},
    {R"((*UTF)a)", "x", "a"},
    {R"(a**)", "x", "a"},
    {R"(*a)", "x", "a"},
    {R"(^*)", "x", "a"},
    {R"(\b+)", "x", "a"},
    {R"((a)", "x", "a"},
    {R"(a))", "x", "a"},
    {R"([a)", "x", "a"},
    {R"([z-a])", "x", "a"},
    {R"([\d-z])", "x", "a"},
    {R"([\8])", "x", "a"},
    {R"(a{3,2})", "x", "a"},
    {R"(\1(a))", "x", "a"},
    {R"((a\1))", "x", "a"},
    {R"((?P=n))", "x", "a"},
    {R"((?P<n>a)(?P<n>b))", "x", "a"},
    {R"((?P<1>a))", "x", "a"},
    {R"((?(2)a|b)(c))", "x", "a"},
    {R"((a)(?(1)a|b|c))", "x", "a"},
    {R"((?Pa))", "x", "a"},
    {R"((?R))", "x", "a"},
    {R"((?z))", "x", "a"},
    {R"((?i-i:a))", "x", "a"},
    {R"(\x4)", "x", "a"},
    {R"(\777)", "x", "a"},
    {"\\", "x", "a"},
    {"a", R"(\h)", "a"},
    {"a", R"(\x41)", "a"},
    {"a", R"(\1)", "a"},
    {"a", R"(\g<n>)", "a"},
    {"a", R"(\g1)", "a"},
    {"a", R"(\g<>)", "a"},
    {"a", R"(\g<-1>)", "a"},
    {"a", R"(\777)", "a"},
};

std::string renamed_or_refused(const Triple& triple) {
  try {
    return Rename(triple.pattern, triple.replacement)(triple.name);
  } catch (const std::invalid_argument&) {
    return "refused";
  }
}

}  // namespace

TEST_CASE("renames and refusals are those of Python's re.sub", "[rename][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  auto triples = nlohmann::json::array();
  for (const auto& triple : kTriples) triples.push_back({triple.pattern, triple.replacement, triple.name});
  const TempDir dir;
  write_file(dir / "triples.json", triples.dump());
  const auto expected = nlohmann::json::parse(run_python(R"(
import json, re, sys, warnings
warnings.simplefilter('ignore')
def sub(pattern, replacement, name):
    try:
        return re.sub(pattern, replacement, name)
    except (re.error, IndexError, OverflowError):
        return 'refused'
print(json.dumps([sub(*triple) for triple in json.load(open(sys.argv[1], encoding='utf-8'))]))
)",
                                                         {dir / "triples.json"}));
  for (size_t i = 0; i < std::size(kTriples); ++i) {
    CAPTURE(kTriples[i].pattern, kTriples[i].replacement, kTriples[i].name);
    CHECK(renamed_or_refused(kTriples[i]) == expected[i].get<std::string>());
  }
}

}  // namespace torch_ext::formats

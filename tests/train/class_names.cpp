#include "libtorch_ext/train/class_names.h"

#include "tests/support/catch.h"

namespace tx = torch_ext;
using Names = std::vector<std::string>;

TEST_CASE("classes agree by name, in whatever order") {
  CHECK(tx::class_differences({"cat", "dog"}, {"dog", "cat"}).empty());
  CHECK(tx::class_differences({}, {}).empty());
  CHECK(tx::class_differences({"dog"}, {"cat", "dog"}, /*may_lack=*/true).empty());
  CHECK(tx::indices_of({"eel", "dog"}, {"cat", "dog", "eel"}) == std::vector<int64_t>{2, 1});
}

TEST_CASE("a class that is spelt differently is told as one difference") {
  const auto [found, expected, text] = GENERATE(table<std::string, std::string, std::string>({
      {"Cat", "cat", R"("Cat" for "cat")"},
      {"cat ", "cat", R"("cat " for "cat")"},
      {"sea_gull", "sea gull", R"("sea_gull" for "sea gull")"},
      {"Sea-Gull", "seagull", R"("Sea-Gull" for "seagull")"},
      {"cats", "cat", R"("cats" for "cat")"},
      {"aeroplane", "airplane", R"("aeroplane" for "airplane")"},
      {"cafe\u0301", "caf\u00e9", "\"cafe\u0301\" for \"caf\u00e9\" in another Unicode form"},
      {"\u1100\u1161\u11bc", "\uac15", "\"\u1100\u1161\u11bc\" for \"\uac15\" in another Unicode form"},
      {"\u304b\u3099", "\u304c", "\"\u304b\u3099\" for \"\u304c\" in another Unicode form"},
      {"STRASSE", "stra\u00dfe", "\"STRASSE\" for \"stra\u00dfe\""},
      {"\uff23\uff21\uff34", "cat", "\"\uff23\uff21\uff34\" for \"cat\""},
      {"\xff\xfe", "\xff\xfd", "\"\xff\xfe\" for \"\xff\xfd\""},
  }));
  CHECK(tx::class_differences({found, "dog"}, {"dog", expected}) == text);
}

TEST_CASE("what is missing and what is too much is listed, a bounded number of each") {
  CHECK(tx::class_differences({"Cat", "dog", "fox"}, {"cat", "dog", "eel"}) ==
        R"("Cat" for "cat"; no "eel"; "fox", which isn't expected)");
  CHECK(tx::class_differences({"horse", "snake"}, {"eel"}, true) == R"("horse", "snake", which aren't expected)");
  // "cats" would be taken for "cat", but there is a nearer one.
  CHECK(tx::class_differences({"cats", "Cat"}, {"cat"}) == R"("Cat" for "cat"; "cats", which isn't expected)");
  Names many, others;
  for (int i = 0; i < 5000; ++i) {
    many.push_back("class " + std::to_string(i));
    others.push_back("Class_" + std::to_string(i) + "x");
  }
  CHECK(tx::class_differences(many, {}).ends_with(" and 4990 more, which aren't expected"));
  CHECK(tx::class_differences(many, others).size() < 1000);
  CHECK(tx::class_differences({"Class_7"}, many, true) == R"("Class_7" for "class 7")");
}

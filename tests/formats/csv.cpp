#include "libtorch_ext/formats/csv.h"

#include "libtorch_ext/formats/error.h"
#include "tests/support/catch.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

// The records with their lines: "1:a|b 3:c|d".
std::string records(std::string_view text, char delimiter = ',') {
  CsvReader csv(text, "x.csv", delimiter);
  std::string all;
  for (std::vector<std::string_view> fields; csv.next(fields);) {
    all += (all.empty() ? "" : " ") + std::to_string(csv.line()) + ":";
    for (size_t i = 0; i < fields.size(); ++i) all += (i ? "|" : "") + std::string(fields[i]);
  }
  return all;
}

}  // namespace

TEST_CASE("lines of a CSV text end in LF, CRLF, CR or a mixture", "[csv]") {
  for (const char* text : {"a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r", "a,b\r1,2\n3,4\r\n",
                           "\xEF\xBB\xBF"
                           "a,b\r\n1,2\r3,4"}) {
    CHECK(records(text) == "1:a|b 2:1|2 3:3|4");
  }
  CHECK(records("a,b\r\r\n\n1,2\r\r3,4") == "1:a|b 4:1|2 6:3|4");
}

TEST_CASE("lines of nothing but spaces and tabs are passed over, unless those are the delimiter", "[csv]") {
  CHECK(records("\n  \n\t\r\na,b\n   \n1,2\n \t ") == "4:a|b 6:1|2");
  CHECK(records("a\tb\n  \n\t\n1\t2\n", '\t') == "1:a|b 3:| 4:1|2");
  CHECK(records("a b\n\t\n1 2\n \n", ' ') == "1:a|b 3:1|2 4:|");
  CHECK(records("\"\"\n\" \"\n") == "1: 2: ");
}

TEST_CASE("fields in quotes hold delimiters, quotes and every line end", "[csv]") {
  CHECK(records("\"a,b\",\"c\"\"d\"\n\"x\ry\r\nz\n\",1\r2,3") == "1:a,b|c\"d 2:x\ry\r\nz\n|1 6:2|3");
  CHECK(records("\"a\";b\r1;\"2\"\r\"3\";\"4\"", ';') == "1:a|b 2:1|2 3:3|4");
  CHECK(records("5\" disk,'x'\n") == "1:5\" disk|'x'");
  CHECK_THROWS_WITH(records("a\r\"b"), ContainsSubstring("line 2: a quote opens that is never closed"));
  CHECK_THROWS_WITH(records("\"a\rb\"c"), ContainsSubstring("line 2: found text behind a closing quote"));
}

TEST_CASE("a text in UTF-16 or UTF-32 is refused by the name of its encoding", "[csv]") {
  for (const std::string& text : {"\xff\xfe"
                                  "a\0"s,
                                  "\xfe\xff\0a"s, "a\0,\0b\0\n\0"s, "\0a\0,"s, "a\0"s}) {
    CHECK_THROWS_WITH(records(text),
                      ContainsSubstring("x.csv: is in UTF-16, expected UTF-8; convert it: iconv -f UTF-16"));
  }
  for (const std::string& text : {"\xff\xfe\0\0a\0\0\0"s, "\0\0\xfe\xff\0\0\0a"s, "a\0\0\0"s, "\0\0\0a"s}) {
    CHECK_THROWS_WITH(records(text), ContainsSubstring("x.csv: is in UTF-32, expected UTF-8"));
  }
  for (const std::string& text : {"a"s, ""s, "ab\n"s, "\xc3\xa9,b\n"s}) CHECK_NOTHROW(records(text));
}

}  // namespace torch_ext::formats

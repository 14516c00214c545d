#include "libtorch_ext/formats/python_float.h"

#include <bit>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/python.h"

namespace torch_ext::formats {

TEST_CASE("parse_python_float gives what Python's float gives, to the bit, and takes what it takes", "[python_float]") {
  TORCH_EXT_NEEDS_PYTHON();
  std::vector<std::string> texts{"1",
                                 "-0",
                                 "+1.5",
                                 ".5",
                                 "5.",
                                 "1e5",
                                 "1E+05",
                                 "  2\t",
                                 "\n3\r",
                                 "inf",
                                 "-Infinity",
                                 "iNf",
                                 "nan",
                                 "+NaN",
                                 "1e-400",
                                 "-1e-400",
                                 "1e400",
                                 "-1e400",
                                 "1e99999999999999999999",
                                 "-1e-99999999999999999999",
                                 "0e99999",
                                 "5e-324",
                                 "2e-324",
                                 "3e-324",
                                 "2.2250738585072011e-308",
                                 "1.7976931348623158e308",
                                 "1.7976931348623159e308",
                                 "0.0001e312",
                                 "9007199254740993",
                                 "0.1",
                                 "",
                                 " ",
                                 ".",
                                 "e5",
                                 "1e",
                                 "1e+",
                                 "--1",
                                 "+-1",
                                 "-+1",
                                 "++1",
                                 "0x10",
                                 "1d5",
                                 "1 2",
                                 "1,5",
                                 "nan(1)",
                                 "infinit",
                                 "1f",
                                 "\xc2\xa0"
                                 "x",
                                 "1e5.5",
                                 "\xe2\x88\x92"
                                 "1"};
  texts.push_back("0." + std::string(400, '0') + "1");
  texts.push_back("1" + std::string(400, '0'));
  texts.push_back("0." + std::string(400, '0') + "1e401");
  texts.push_back(std::string(400, '0') + "7");
  std::istringstream expected(testing::run_python(R"(
import struct, sys
for text in sys.argv[1:]:
    try: print(struct.pack('>d', float(text)).hex())
    except ValueError: print('-')
)",
                                                  texts));
  for (const std::string& text : texts) {
    INFO("\"" << text << "\"");
    std::string bits;
    expected >> bits;
    const auto found = parse_python_float(text);
    REQUIRE(found.has_value() == (bits != "-"));
    if (found) CHECK(std::bit_cast<uint64_t>(*found) == std::stoull(bits, nullptr, 16));
  }
}

}  // namespace torch_ext::formats

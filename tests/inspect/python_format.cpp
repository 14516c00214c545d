#include "libtorch_ext/inspect/python_format.h"

#include <bit>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/inspect/python_prints.h"
#include "tests/support/catch.h"

namespace tx = torch_ext;

TEST_CASE("any double has the digits that Python's repr gives it") {
  TORCH_EXT_NEEDS_PYTHON();
  std::vector<double> values = {
      0.0,   -0.0,   1.0,      0.1,    1e-5,   1e-4,   0.00012345, 1.0 / 3, 123456789.0,
      1e15,  1e16,   1.5e16,   1e22,   1e-320, 5e-324, 1e100,      -2.5e-7, 9007199254740993.0,
      1e300, 0.9999, 1e21 - 1, 100000, 65504., 3.4e38, 299792458.0};
  std::mt19937_64 random(2026);
  for (int i = 0; i < 500; ++i) {
    values.push_back(std::bit_cast<double>(random()));
    values.push_back(static_cast<double>(random() >> (i % 64)) / 1000);
  }
  values.push_back(std::numeric_limits<double>::infinity());
  values.push_back(-std::numeric_limits<double>::infinity());

  std::vector<std::string> expressions;
  for (const double value : values) {
    const auto bits = std::to_string(std::bit_cast<int64_t>(value));
    expressions.push_back("struct.unpack('d', struct.pack('q', " + bits + "))[0]");
  }
  const auto expected = tx::testing::python_prints(expressions, "import struct");
  REQUIRE(expected.size() == values.size());
  for (size_t i = 0; i < values.size(); ++i) CHECK(tx::python_str(values[i]) == expected[i]);
}

TEST_CASE("a tuple of one element keeps its comma") {
  CHECK(tx::python_tuple<int64_t>({}) == "()");
  CHECK(tx::python_tuple<int64_t>({3}) == "(3,)");
  CHECK(tx::python_tuple<int64_t>({3, 4}) == "(3, 4)");
  CHECK(tx::python_tuple<std::optional<int64_t>>({std::nullopt, 7}) == "(None, 7)");
}

TEST_CASE("a pattern takes booleans, integers, floats and text apart") {
  CHECK(tx::python_format("{}, eps={}, affine={}, mode={}", 4, 1e-5, true, "max") ==
        "4, eps=1e-05, affine=True, mode=max");
}

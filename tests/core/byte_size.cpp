#include "libtorch_ext/core/byte_size.h"

#include <string>

#include "tests/support/catch.h"

using torch_ext::parse_byte_size;

TEST_CASE("a size is a number and a unit, decimal or binary, in every usual spelling") {
  CHECK(parse_byte_size("0") == 0);
  CHECK(parse_byte_size("1000") == 1000);
  CHECK(parse_byte_size("12B") == 12);
  CHECK(parse_byte_size("500M") == 500'000'000);
  CHECK(parse_byte_size("500MB") == 500'000'000);
  CHECK(parse_byte_size("10GB") == 10'000'000'000);
  CHECK(parse_byte_size("10GiB") == int64_t{10} << 30);
  CHECK(parse_byte_size("10 GiB") == int64_t{10} << 30);
  CHECK(parse_byte_size(" 10gib ") == int64_t{10} << 30);
  CHECK(parse_byte_size("10Gi") == int64_t{10} << 30);
  CHECK(parse_byte_size("1.5k") == 1500);
  CHECK(parse_byte_size(".5KiB") == 512);
  CHECK(parse_byte_size("1e3MB") == 1'000'000'000);
  CHECK(parse_byte_size("2TiB") == int64_t{2} << 40);
}

TEST_CASE("what is no size is none, however near") {
  const std::string text =
      GENERATE("", " ", "GiB", "-1", "-1GB", "+1GB", "1GBB", "1 G i B x", "10 giga", "1Z", "0x10", "1,5GB", "1.5.2GB",
               "nan", "inf", "infinityB", "1e300", "9300000TB", "10GB-20GB", "1Bi", "1I");
  CAPTURE(text);
  CHECK_FALSE(parse_byte_size(text));
}

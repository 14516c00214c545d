// What the reference implementation refuses is refused here, too, and said in words.
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/little_endian.h"
#include "libtorch_ext/formats/safetensors/safetensors.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

std::string with_length(uint64_t length, const std::string& rest) {
  std::string file;
  append_little(file, length);
  return file + rest;
}

/// A file of one tensor 'a' with these fields, and 4 bytes of data.
std::string one(const std::string& fields) {
  const std::string header = "{\"a\":{" + fields + "}}";
  return with_length(header.size(), header + "data");
}

std::string headed(const std::string& header, const std::string& data = "data") {
  return with_length(header.size(), header + data);
}

const std::string kGood = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";

std::string repeated(const std::string& text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

bool loads(const std::string& path) {
  try {
    for (const auto& [name, tensor] : named_tensors(read_safetensors(path).root)) elements(tensor);
    return true;
  } catch (const FormatError&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a safetensors file cut or lengthened anywhere does not load", "[malformed][safetensors]") {
  const TempDir dir;
  write_safetensors(Dict{{{"a", make_tensor({1, 2})}, {"b", make_tensor(DType::Half, {3})}, {"n", 1}}}, dir / "good");
  const std::string good = read_file(dir / "good");
  for (size_t size = 0; size < good.size(); ++size) {
    write_file_anew(dir / "bad", good.substr(0, size));
    CHECK_FALSE(loads(dir / "bad"));
  }
  write_file(dir / "bad", good + '\0');
  CHECK_FALSE(loads(dir / "bad"));
  write_file(dir / "bad", '\0' + good);
  CHECK_FALSE(loads(dir / "bad"));
}

TEST_CASE("a safetensors file with any bit flipped loads or is refused, nothing else", "[malformed][safetensors]") {
  const TempDir dir;
  write_safetensors(Dict{{{"a", make_tensor({1, 2})}, {"b", make_tensor(DType::Half, {3})}, {"n", 1}}}, dir / "good");
  const std::string good = read_file(dir / "good");
  size_t loaded = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      write_file_anew(dir / "bad", bad);
      loaded += loads(dir / "bad");
    }
  }
  CHECK(loaded > 0);  // data and names are free to change
}

TEST_CASE("hostile safetensors headers are refused with both numbers", "[malformed][safetensors]") {
  struct Case {
    std::string file;
    std::string problem;
  };
  const auto hostile = GENERATE_COPY(
      Case{"", "has 0 bytes, a header's length of 8 is expected"},
      Case{"\2\0\0\0\0\0\0"s, "has 7 bytes, a header's length of 8 is expected"},
      Case{with_length(0, ""), "JSON, byte 0: an object is expected, the end is found"},
      Case{with_length(3, "{}"), "the header's length is 3, at most 2 is expected"},
      Case{with_length(uint64_t{1} << 63, "{}"), "the header's length is 9223372036854775808, at most 2 is expected"},
      Case{with_length(~uint64_t{0}, "{}"), "the header's length is 18446744073709551615, at most 2 is expected"},
      Case{headed("{}" + std::string(100'000'000, ' '), ""), "the header's length is 100000002, at most 100000000"},
      Case{headed("[]", ""), "byte 0: an object is expected, '[' is found"},
      Case{headed("\xef\xbb\xbf{}", ""), "byte 0: an object is expected, byte value 239 is found"},
      Case{headed("{" + kGood + "}\0"s), "the end is expected, byte value 0 is found"},
      Case{headed("{" + kGood + "}x"), "the end is expected, 'x' is found"},
      Case{headed("{" + kGood + ",}"), "a string is expected, '}' is found"},
      Case{headed("{" + kGood + "]"), "',' or '}' is expected, ']' is found"},
      Case{headed("{/**/" + kGood + "}"), "a string is expected, '/' is found"},
      Case{headed("{\"\xff\":{}}"), "byte 2: a string is no UTF-8"},
      Case{headed("{\"\xc0\x80\":{}}"), "a string is no UTF-8"},
      Case{headed("{\"\xf8\xbf\xbf\xbf\":{}}"), "a string is no UTF-8"},
      Case{headed(R"({"\ud800":{}})"), "a string is no UTF-8"},
      Case{headed(R"({"\ud800\u0041":{}})"), "a low surrogate is expected"},
      Case{headed(R"({"\x41":{}})"), "an escape is expected, 'x' is found"},
      Case{headed(R"({"\u12g4":{}})"), "a hexadecimal digit is expected, 'g' is found"},
      Case{headed("{\"a\n\":{}}"), "the end of a string is expected, byte value 10 is found"},
      Case{headed("{" + kGood + "," + kGood + "}"), "the name 'a' comes twice"},
      Case{headed("{" + kGood + R"(,"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})"), "'a' comes twice"},
      Case{headed(R"({"__metadata__":{"k":"1","k":"2"},)" + kGood + "}"), "the name 'k' comes twice"},
      Case{headed(R"({"__metadata__":{},"__metadata__":null,)" + kGood + "}"), "__metadata__ comes twice"},
      Case{headed(R"({"__metadata__":{"k":1},)" + kGood + "}"), "a string is expected, '1' is found"},
      Case{headed(R"({"__metadata__":[],)" + kGood + "}"), "an object is expected, '[' is found"},
      Case{headed(R"({"a":["F32",[1],[0,4]]})"), "an object is expected, '[' is found"},
      Case{one(R"("dtype":"F32","shape":[1])"), "tensor 'a': dtype, shape and two data_offsets are expected"},
      Case{one(R"("dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4])"), "dtype comes twice"},
      Case{one(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), "two data_offsets are expected"},
      Case{one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])"), "at most 2 numbers are expected"},
      Case{one(R"("dtype":"F32","shape":[)" + repeated("1,", 64) + R"(1],"data_offsets":[0,4])"), "at most 64 numbers"},
      Case{one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4.0])"), "not negative is expected, '4' is found"},
      Case{one(R"("dtype":"F32","shape":[1e0],"data_offsets":[0,4])"), "not negative is expected, '1' is found"},
      Case{one(R"("dtype":"F32","shape":[01],"data_offsets":[0,4])"), "not negative is expected, '0' is found"},
      Case{one(R"("dtype":"F32","shape":[1],"data_offsets":[-0,4])"), "not negative is expected, '-' is found"},
      Case{one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), "not negative is expected, '-' is found"},
      Case{one(R"("dtype":"F32","shape":["1"],"data_offsets":[0,4])"), "not negative is expected, '\"' is found"},
      Case{one(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4])"), "an integer below 2^63"},
      Case{one(R"("dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,4])"), "its sizes are too large"},
      Case{one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"), "its sizes are too large"},
      Case{one(R"("dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0])"), "its sizes are too large"},
      Case{one(R"("dtype":"F33","shape":[1],"data_offsets":[0,4])"), "its dtype is 'F33', which PyTorch lacks"},
      Case{one(R"("dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3])"), "its dtype is 'F6_E2M3', which PyTorch lacks"},
      Case{one(R"("dtype":"F4","shape":[8,1],"data_offsets":[0,4])"), "its last size is odd"},
      Case{one(R"("dtype":"F4","shape":[],"data_offsets":[0,4])"), "its last size is odd"},
      Case{one(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"), "its data_offsets are 4 and 0"},
      Case{one(R"("dtype":"F32","shape":[1],"data_offsets":[0,3])"), "are 0 and 3, its dtype and shape take 4 bytes"},
      Case{one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"), "take 8 bytes, the file has 4 after its header"},
      Case{one(R"("dtype":"U8","shape":[3],"data_offsets":[0,3])"), "take 3 bytes, the file has 4 after its header"},
      Case{one(R"("dtype":"U8","shape":[3],"data_offsets":[1,4])"), "tensor 'a': its data begins at byte 1, 0 is"},
      Case{headed("{" + kGood + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})"),
           "tensor 'b': its data beg"},
      Case{headed("{" + kGood + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})"), "0, 4 is expected"},
      Case{headed("{}", "data"), "the tensors take 0 bytes, the file has 4 after its header"},
      Case{headed("{\"a\":" + std::string(1'000'000, '[')), "an object is expected, '[' is found"},
      Case{one("\"x\":" + std::string(1'000'000, '[')), "a value in at most 128 levels is expected"},
      Case{one("\"x\":" + repeated("{\"x\":", 1'000'000)), "a value in at most 128 levels is expected"},
      Case{one("\"x\":-"), "a value is expected, '}' is found"}, Case{one("\"x\":1."), "a value is expected"},
      Case{one("\"x\":nul"), "a value is expected, 'n' is found"}, Case{one("\"x\":"), "a value is expected"});
  const TempDir dir;
  write_file(dir / "m.safetensors", hostile.file);
  CHECK_THROWS_WITH(read_safetensors(dir / "m.safetensors"), ContainsSubstring(hostile.problem));
  CHECK_THROWS_AS(read_tensor_file(dir / "m.safetensors"), FormatError);
}

}  // namespace torch_ext::formats

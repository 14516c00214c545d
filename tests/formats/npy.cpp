#include "libtorch_ext/formats/numpy/npy.h"

#include <sstream>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/numpy/npy_header.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

std::string file_of(const std::string& header, const std::string& elements) {
  return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + '\0' + header + elements;
}

}  // namespace

TEST_CASE("an .npy header is read in any order of its keys, as Python 2 wrote it, too", "[npy]") {
  for (const char* text : {"{'descr': '>i4', 'fortran_order': True, 'shape': (3, 4), }          \n",
                           "{\"shape\":(3L,4L),\"fortran_order\":True,\"descr\":\">i4\"}"}) {
    const NpyHeader header = parse_npy_header(text, "x.npy");
    CHECK(header.dtype == DType::Int);
    CHECK(header.big_endian);
    CHECK(header.fortran_order);
    CHECK(header.shape == std::vector<int64_t>{3, 4});
  }
  CHECK(parse_npy_header("{'descr': '|b1', 'fortran_order': False, 'shape': (7,)}", "").shape.size() == 1);
  CHECK(parse_npy_header("{'descr': '=f8', 'fortran_order': False, 'shape': ()}", "").shape.empty());
}

TEST_CASE("white space, trailing commas and Python 2's prefixes in an .npy header mean nothing", "[npy]") {
  for (const char* text : {"\n {u'descr':\t'<f2',\r\n'fortran_order':False,'shape':(2 ,)} \f\n",
                           "{'shape':(2L,),'fortran_order':False,'descr':u'<f2',}"}) {
    const NpyHeader header = parse_npy_header(text, "x.npy");
    CHECK(header.dtype == DType::Half);
    CHECK(header.shape == std::vector<int64_t>{2});
  }
}

TEST_CASE("a dtype is read in every spelling that numpy.dtype takes, and no other", "[npy]") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::string spellings =
      "? b B h H i I l L q Q n N p P e f d g F D G O S U V M m T c a b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 f16 c8 c16 "
      "c32 "
      "i3 f1 b8 B1 h2 f4x F4 S3 U3 V2 M8[ns] m8 3f4 f4,f4";
  const std::string names =
      "bool bool_ byte ubyte short ushort intc uintc int int_ uint long ulong longlong ulonglong intp uintp int8 int16 "
      "int32 int64 uint8 uint16 uint32 uint64 half single double float longdouble float16 float32 float64 float128 "
      "csingle cdouble complex complex64 complex128 object str bytes void Float32 float_ int128 <float32 =int >bool";
  // Each with the dtype that numpy makes of it, as it writes that itself; '-': none.
  std::istringstream lines(run_python(R"(
import sys, numpy, warnings
warnings.simplefilter('error')
def dtype(word):
    try: return numpy.dtype(word).str
    except Exception: return '-'
for order in ('', '<', '>', '=', '|'):
    for word in sys.argv[1].split(): print(order + word, dtype(order + word))
for word in sys.argv[2].split(): print(word, dtype(word))
)",
                                      {spellings, names}));
  const auto parse = [](const std::string& descr) -> std::optional<NpyHeader> {
    try {
      return parse_npy_header("{'descr': '" + descr + "', 'fortran_order': False, 'shape': ()}", "");
    } catch (const FormatError&) {
      return std::nullopt;
    }
  };
  int read = 0;
  for (std::string spelling, numpy; lines >> spelling >> numpy;) {
    INFO(spelling << ": " << numpy);
    const auto ours = parse(spelling);
    const auto theirs = parse(numpy);
    REQUIRE(ours.has_value() == theirs.has_value());
    if (!ours) continue;
    ++read;
    CHECK(ours->dtype == theirs->dtype);
    // numpy writes '|' for a byte, whatever order was asked for.
    CHECK((ours->big_endian == theirs->big_endian || element_size(ours->dtype) == 1));
  }
  CHECK(read > 200);
}

TEST_CASE("several arrays in one .npy file are all read, and never the first alone", "[npy]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  run_python(R"(
import sys, numpy
with open(sys.argv[1], 'wb') as file:
    numpy.save(file, numpy.arange(6, dtype='<f4').reshape(3, 2))
    numpy.save(file, numpy.asfortranarray(numpy.arange(4, dtype='>i2').reshape(2, 2)))
    numpy.save(file, numpy.float64(2.5))
    numpy.save(file, numpy.zeros((0, 3), dtype='u1'))
)",
             {dir / "x.npy"});
  const auto arrays = read_npy_arrays(dir / "x.npy");
  REQUIRE(arrays.size() == 4);
  for (const Tensor& array : arrays) check_bounds(array);
  std::vector<std::byte> scratch;
  CHECK(arrays[0].shape == std::vector<int64_t>{3, 2});
  const auto shorts = row_major_bytes(arrays[1], scratch);
  CHECK(std::to_integer<int>(shorts[4]) == 2);
  CHECK((arrays[2].shape.empty() && arrays[2].dtype == DType::Double));
  CHECK(arrays[3].shape == std::vector<int64_t>{0, 3});
  CHECK_THROWS_WITH(read_npy(dir / "x.npy"),
                    ContainsSubstring("x.npy: found another array at byte 152, behind the "
                                      "first; expected one array (read_npy_arrays gives all)"));
}

TEST_CASE("a Fortran-order array has strides, a big-endian one its bytes swapped", "[npy]") {
  const TempDir dir;
  write_file(dir / "fortran.npy", file_of("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}", "adbecf"));
  const Tensor fortran = read_npy(dir / "fortran.npy");
  CHECK(fortran.stride == std::vector<int64_t>{1, 2});
  std::vector<std::byte> scratch;
  const auto text = [&](const Tensor& tensor) {
    const auto bytes = row_major_bytes(tensor, scratch);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  CHECK(text(fortran) == "abcdef");
  write_file(dir / "big.npy", file_of("{'descr': '>c8', 'fortran_order': False, 'shape': (1,)}", "abcdefgh"));
  CHECK(text(read_npy(dir / "big.npy")) == "dcbahgfe");
}

TEST_CASE("an array whose elements begin at an odd byte is read like any other", "[npy]") {
  const TempDir dir;
  for (int spaces = 0; spaces < 5; ++spaces) {
    const std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}" + std::string(spaces, ' ');
    write_file(dir / "x.npy", file_of(header, "abcdefgh"));
    const Tensor array = read_npy(dir / "x.npy");
    check_bounds(array);
    std::vector<std::byte> scratch;
    CHECK(row_major_bytes(array, scratch)[5] == std::byte{'f'});
  }
}

}  // namespace torch_ext::formats

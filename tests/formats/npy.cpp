#include "libtorch_ext/formats/numpy/npy.h"

#include "libtorch_ext/formats/numpy/npy_header.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
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

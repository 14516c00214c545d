#include "libtorch_ext/checkpoint/npy.h"

#include <torch/torch.h>

#include "libtorch_ext/checkpoint/error.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {

TEST_CASE("write_npy writes the bytes of numpy.save, for every dtype and shape, and read_npy reads them", "[npy]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  const std::vector<std::vector<int64_t>> shapes = {{}, {7}, {2, 3}, {0, 4}, {1, 2, 3, 4, 5}};
  const at::ScalarType dtypes[] = {at::kBool,   at::kChar,   at::kByte,         at::kShort,        at::kUInt16,
                                   at::kInt,    at::kLong,   at::kHalf,         at::kFloat,        at::kDouble,
                                   at::kUInt32, at::kUInt64, at::kComplexFloat, at::kComplexDouble};
  int files = 0;
  const auto write = [&](const at::Tensor& tensor) {
    const std::string path = dir / std::to_string(files++) + ".npy";
    write_npy(tensor, path);
    const at::Tensor back = read_npy(path);
    CHECK(back.dtype() == tensor.dtype());
    CHECK(torch::equal(back, tensor));
  };
  for (const auto dtype : dtypes) {
    for (const auto& shape : shapes) write(torch::arange(c10::multiply_integers(shape)).reshape(shape).to(dtype));
  }
  write(torch::arange(12).reshape({3, 4}).t());
  write(torch::arange(12.0).slice(0, 1, 12, 3));

  const auto output = testing::run_python(R"(
import io, sys, numpy
for i in range(int(sys.argv[2])):
    path = f'{sys.argv[1]}/{i}.npy'
    again = io.BytesIO()
    numpy.save(again, numpy.load(path))
    if again.getvalue() != open(path, 'rb').read(): print(i, open(path, 'rb').read()[:128], again.getvalue()[:128])
)",
                                          {dir.path().string(), std::to_string(files)});
  CHECK(output == "");
}

TEST_CASE("write_npy refuses what NumPy lacks, and leaves the old file", "[npy]") {
  const testing::TempDir dir;
  testing::write_file(dir / "x.npy", "old");
  CHECK_THROWS_WITH(write_npy(torch::ones({2}, torch::kBFloat16), dir / "x.npy"),
                    testing::ContainsSubstring("NumPy has no bfloat16"));
  CHECK(testing::read_file(dir / "x.npy") == "old");
  CHECK_THROWS_AS(read_npy(dir / "x.npy"), CheckpointError);
  CHECK_THROWS_AS(write_npy(torch::ones({2}), dir / "no/folder/x.npy"), CheckpointError);
}

TEST_CASE("read_npy takes a file of one array, read_npy_arrays one of several", "[npy]") {
  const testing::TempDir dir;
  const at::Tensor x = torch::arange(6.0).reshape({2, 3});
  const at::Tensor y = torch::arange(2);
  write_npy(x, dir / "x.npy");
  write_npy(y, dir / "y.npy");
  testing::write_file(dir / "xy.npy", testing::read_file(dir / "x.npy") + testing::read_file(dir / "y.npy"));
  const auto both = read_npy_arrays(dir / "xy.npy");
  REQUIRE(both.size() == 2);
  CHECK((torch::equal(both[0], x) && torch::equal(both[1], y)));
  CHECK(read_npy_arrays(dir / "x.npy").size() == 1);
  CHECK_THROWS_WITH(read_npy(dir / "xy.npy"), testing::ContainsSubstring("xy.npy: found another array at byte 152"));
}

}  // namespace torch_ext

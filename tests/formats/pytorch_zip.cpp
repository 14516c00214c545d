#include "libtorch_ext/formats/pytorch/pytorch_zip.h"

#include <filesystem>

#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "tests/formats/make_tensor.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {

using namespace torch_ext::testing;
using namespace std::string_literals;

TEST_CASE("every dtype and shape round-trips bit for bit", "[pytorch]") {
  using Shape = std::vector<int64_t>;
  const auto shape = GENERATE(Shape{}, Shape{0}, Shape{3, 0, 2}, Shape{1}, Shape{7}, Shape{2, 3}, Shape{2, 1, 4, 3});
  const TempDir dir;
  Dict dict;
  for (int i = 0; i < static_cast<int>(DType::Undefined); ++i) {
    const auto dtype = static_cast<DType>(i);
    dict.set(dtype_name(dtype), make_tensor(dtype, shape));
  }
  write_pytorch_zip(dict, dir / "model.pt", {.durable = false});
  const TensorFile file = read_pytorch_zip(dir / "model.pt");
  CHECK(file.format == "pytorch-zip");
  const auto tensors = named_tensors(file.root);
  REQUIRE(tensors.size() == dict.items.size());
  for (const auto& [name, tensor] : tensors) {
    const auto& written = *dict.find(name)->as<Tensor>();
    CHECK(dtype_name(tensor.dtype) == name);
    CHECK(tensor.shape == written.shape);
    CHECK(tensor.stride == written.stride);
    CHECK(elements(tensor) == elements(written));
  }
}

TEST_CASE("views, shared storages and parameters stay what they are", "[pytorch]") {
  const TempDir dir;
  Tensor whole = make_tensor(DType::Float, {6});
  whole.requires_grad = true;
  Tensor column = whole;
  column.shape = {3};
  column.stride = {2};
  column.storage_offset = 1;
  column.is_parameter = true;
  Tensor bits = whole;
  bits.dtype = DType::Int;
  write_pytorch_zip(Tuple{{whole, column, bits}}, dir / "model.pt");
  const auto read = named_tensors(read_pytorch_zip(dir / "model.pt").root);
  REQUIRE(read.size() == 3);
  CHECK(read[0].tensor.storage == read[1].tensor.storage);
  CHECK(read[0].tensor.storage == read[2].tensor.storage);
  CHECK(read[0].tensor.requires_grad);
  CHECK_FALSE(read[0].tensor.is_parameter);
  CHECK(read[1].tensor.is_parameter);
  CHECK(read[1].tensor.stride == std::vector<int64_t>{2});
  CHECK(elements(read[1].tensor) == elements(column));
  CHECK(read[2].tensor.dtype == DType::Int);
}

TEST_CASE("tensors outlive the file, which may be replaced or removed meanwhile", "[pytorch]") {
  const TempDir dir;
  const std::string path = dir / "model.pt";
  write_pytorch_zip(make_tensor({1, 2}), path);
  const Value old = read_pytorch_zip(path).root;
  write_pytorch_zip(make_tensor({3, 4}), path);
  std::filesystem::remove(path);
  CHECK(elements(*old.as<Tensor>()) == elements(make_tensor({1, 2})));
}

TEST_CASE("a file can be written over the one its tensors come from", "[pytorch]") {
  const TempDir dir;
  write_pytorch_zip(make_tensor({1, 2}), dir / "model.pt");
  write_pytorch_zip(read_pytorch_zip(dir / "model.pt").root, dir / "model.pt");
  CHECK(elements(*read_pytorch_zip(dir / "model.pt").root.as<Tensor>()) == elements(make_tensor({1, 2})));
}

TEST_CASE("the same values make the same bytes, in a folder named as the file", "[pytorch]") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "other");
  write_pytorch_zip(make_tensor({1, 2}), dir / "model.v2.pt");
  write_pytorch_zip(make_tensor({1, 2}), dir / "other/model.v2.pt");
  CHECK(read_file(dir / "model.v2.pt") == read_file(dir / "other/model.v2.pt"));
  const ZipReader zip(dir / "model.v2.pt");
  std::string names;
  for (const ZipRecord& record : zip.records()) {
    names += std::string(record.name) + " ";
    CHECK_NOTHROW(zip.verify(record));
  }
  CHECK(names ==
        "model.v2/data.pkl model.v2/byteorder model.v2/data/0 model.v2/version model.v2/.data/serialization_id ");
}

TEST_CASE("a failed write leaves the old file and nothing beside it", "[pytorch]") {
  const TempDir dir;
  write_file(dir / "model.pt", "old");
  Tensor broken = make_tensor({1});
  broken.storage = std::make_shared<Storage>(4, []() -> std::vector<std::byte> { throw FormatError("src", "gone"); });
  CHECK_THROWS_WITH(write_pytorch_zip(broken, dir / "model.pt"), "src: gone");
  CHECK(read_file(dir / "model.pt") == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("what is no file of torch.save is told by its kind", "[pytorch]") {
  struct Case {
    std::string content;
    std::string problem;
  };
  const auto other = GENERATE(
      Case{"", "is empty: a download or a copy was cut, or the disk was full; fetch it again"},
      Case{"a: 1\n", "is a text file, a file of torch.save is expected; it begins with 'a: 1'"},
      Case{"\x80\x04N.", "is a bare pickle, a file of torch.save is expected; load it in Python and torch.save it"},
      Case{"\x1f\x8b\x08\0"s, "is gzip, a file of torch.save is expected; unpack it first (gunzip; tar -xf)"},
      Case{"\0\1\2\3"s, "is no file of torch.save, which begins with a zip header (50 4b 03 04)"},
      Case{"PK\3\4 and no more",
           "the zip directory that should end the file is missing: the file is truncated, fetch or copy it again"});
  const TempDir dir;
  const std::string path = dir / "model.pt";
  write_file(path, other.content);
  CHECK_THROWS_WITH(read_tensor_file(path), path + ": " + other.problem);
}

TEST_CASE("missing files and folders are named", "[pytorch]") {
  const TempDir dir;
  CHECK_THROWS_WITH(read_pytorch_zip(dir / "none.pt"), dir / "none.pt" + ": can't be read: No such file or directory");
  CHECK_THROWS_WITH(read_pytorch_zip(dir.path()), dir.path().string() + ": is a folder, a file is expected");
}

}  // namespace torch_ext::formats

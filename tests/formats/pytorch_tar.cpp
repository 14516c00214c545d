#include "libtorch_ext/formats/pytorch/pytorch_tar.h"

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/repr.h"
#include "tests/formats/make_tensor.h"
#include "tests/formats/small_value.h"
#include "tests/formats/tar_file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

}  // namespace

TEST_CASE("a tar of storages, tensors and a pickle gives the tensors, and a part of a storage its elements", "[tar]") {
  const TempDir dir;
  write_file(dir / "x.pt", tar_file());
  const TensorFile file = read_tensor_file(dir / "x.pt");
  CHECK(file.format == "pytorch-tar");
  const auto tensors = named_tensors(file.root);
  REQUIRE(tensors.size() == 3);
  CHECK(tensors[0].name == "a");
  CHECK(tensors[0].tensor.shape == std::vector<int64_t>{2, 2});
  CHECK(tensors[0].tensor.stride == std::vector<int64_t>{1, 2});
  CHECK(elements(tensors[0].tensor) == elements(make_tensor({0, 2, 1, 3})));
  CHECK(elements(tensors[1].tensor) == elements(make_tensor({2, 3})));
  CHECK(tensors[1].tensor.storage_offset == 0);
  CHECK(tensors[2].tensor.shape == std::vector<int64_t>{0});
  CHECK(file.root.as<Dict>()->find("class")->type_name() == "my.net.Net");
}

TEST_CASE("a tar archive cut at any byte of its records does not load", "[malformed][tar]") {
  const TempDir dir;
  const std::string good = tar_file();
  const size_t records = good.size() - 1024;
  for (size_t size = 0; size < records; ++size) {
    write_file_anew(dir / "cut.pt", good.substr(0, size));
    CHECK_FALSE(loads(dir / "cut.pt"));
  }
  for (const size_t zeros : {0, 1, 512, 600}) {
    write_file(dir / "cut.pt", good.substr(0, records + zeros));
    CHECK(loads(dir / "cut.pt"));
  }
}

TEST_CASE("a tar archive with any bit flipped loads or is refused, nothing else", "[malformed][tar]") {
  const TempDir dir;
  const std::string good = tar_file();
  size_t loaded = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    write_file_anew(dir / "bad.pt", bad);
    loaded += loads(dir / "bad.pt");
  }
  CHECK(loaded > 0);
}

TEST_CASE("hostile tar archives are refused, saying what is wrong", "[malformed][tar]") {
  TarParts parts;
  std::string problem;
  const std::string huge = std::string(7, '\xff') + "\x7f";
  const std::string minus(8, '\xff');
  SECTION("a member is missing") {
    parts.names = {"storages", "tensors", "other"};
    problem = "is a tar archive without a member 'pickle': not a file of torch.save";
  }
  SECTION("more storages than there are") {
    parts.storage_count = "K\5.";
    problem = "a storage's description";
  }
  SECTION("a count that is none") {
    parts.storage_count = "N.";
    problem = "the number of storages is NoneType, a number is expected";
  }
  SECTION("a storage of negative size") {
    parts.numel = minus;
    problem = "storage 1 promises -1 elements of 4, but ";
  }
  SECTION("a storage beyond the file") {
    parts.numel = huge;
    problem = "storage 1 promises 9223372036854775807 elements of 4, but ";
  }
  SECTION("an unknown class of storage") {
    parts.storage_class = "cos\nsystem\n";
    problem = "names the storage type os.system";
  }
  SECTION("a view beyond its storage") {
    parts.view = "(K\2K\1K\2K\3t";
    problem = "a view of 3 elements from 2 on reaches beyond the 4 of its storage";
  }
  SECTION("a view of nothing") {
    parts.view = "(K\2K\7K\2K\3t";
    problem = "storage 7 is missing";
  }
  SECTION("a key twice") {
    parts.view = "(K\1K\1K\0K\1t"s;
    problem = "the key 1 appears twice";
  }
  SECTION("a million dimensions") {
    parts.dims = "\0\0\x10\0\0\0\0\0"s;
    problem = "tensor 3: the member ends in the middle";
  }
  SECTION("negative dimensions") {
    parts.dims = minus;
    problem = "tensor 3 has -1 dimensions";
  }
  SECTION("a stride that leads out of the storage") {
    parts.stride = huge;
    problem = "the numbers are too large";
  }
  SECTION("an object that is not there") {
    parts.pickle = "P9\n.";
    problem = "object 9 is missing";
  }
  SECTION("an id that is no number") {
    parts.pickle = "Px\n.";
    problem = "found 'x', a number of at most 64 bits is expected";
  }
  const TempDir dir;
  write_file(dir / "x.pt", tar_file(parts));
  CHECK_THROWS_WITH(read_pytorch_tar(dir / "x.pt"), ContainsSubstring(problem));
}

}  // namespace torch_ext::formats

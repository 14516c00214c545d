// Damaged files of the legacy format either load or throw FormatError.
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pytorch/pytorch_legacy.h"
#include "tests/formats/small_value.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

std::string small_legacy_file(const TempDir& dir) {
  write_pytorch_legacy(small_value(), dir / "small.pt", {.durable = false});
  return read_file(dir / "small.pt");
}

}  // namespace

TEST_CASE("a legacy file cut at any byte does not load", "[malformed][legacy]") {
  const TempDir dir;
  const std::string good = small_legacy_file(dir);
  REQUIRE(loads(dir / "small.pt"));
  for (size_t size = 0; size < good.size(); ++size) {
    write_file_anew(dir / "cut.pt", good.substr(0, size));
    CHECK_FALSE(loads(dir / "cut.pt"));
  }
}

TEST_CASE("a legacy file with any bit flipped loads or is refused, nothing else", "[malformed][legacy]") {
  const TempDir dir;
  const std::string good = small_legacy_file(dir);
  CHECK(flips_that_load(good, dir / "bad.pt") > 0);
}

TEST_CASE("hostile legacy files are refused, saying what is wrong", "[malformed][legacy]") {
  struct Case {
    std::string rest;  ///< what follows the description of the machine
    std::string problem;
  };
  const std::string id = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0aX\3\0\0\0cpu"s;
  const std::string two = id + "K\2NtQ";
  const std::string count = "\2\0\0\0\0\0\0\0"s;
  const std::string minus = "J\xff\xff\xff\xff";
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  const std::string keys = "](X\1\0\0\0ae."s;
  const auto view = [&](const std::string& place) { return id + "K\2(X\1\0\0\0v"s + place + "ttQ."; };
  const auto hostile = GENERATE_COPY(
      Case{two + ".].", "storage a is missing"},
      Case{two + ".N.", "the list of storages is NoneType, list is expected"},
      Case{two + ".](NNe.", "a storage's key is NoneType, str is expected"},
      Case{two + ".", "the list of storages: the pickle ends in the middle"},
      Case{two + ".](X\1\0\0\0be."s, "storage b: no tensor refers to it"},
      Case{two + "." + keys, "storage a: the file ends before it"},
      Case{two + "." + keys + count + "1234567", "storage a: the file ends after 7 of its 8 bytes"},
      Case{two + ".](X\1\0\0\0aX\1\0\0\0ae."s + count + "12345678", "storage a: its bytes are listed twice"},
      Case{two + "." + keys + "\3\0\0\0\0\0\0\0"s + "123456781234", "it has 3 elements, 2 are expected"},
      Case{two + "." + keys + std::string(8, '\xff') + "12345678", "it has -1 elements, 2 are expected"},
      Case{id + minus + "NtQ.", "a persistent id names a storage of -1 elements"},
      Case{id + huge + "NtQ.", "elements of 4 bytes is larger than the file"},
      Case{id + "NNtQ.", "does not name a storage, its type, key, location and size"},
      Case{id + "K\2K\1tQ.", "a view of storage a has no key and place"},
      Case{view("K\1K\2"), "a view of 2 elements from 1 on reaches beyond the 2 of storage a"},
      Case{view("K\1" + huge), "reaches beyond the 2 of storage a"},
      Case{view(huge + huge), "reaches beyond the 2 of storage a"},
      Case{view(minus + "K\1"), "a view of 1 elements from -1 on"}, Case{view("K\0"s + minus), "a view of -1 elements"},
      Case{"P12\n.", "a persistent id is str, a tuple of 5 or 6 is expected"},
      Case{"ctorch.storage\n_load_from_bytes\nC\3abc\x85R.", "does not begin with torch.save's magic number"});
  const TempDir dir;
  const std::string head = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.M\xe9\x03.}."s;
  write_file(dir / "m.pt", head + hostile.rest);
  CHECK_THROWS_WITH(read_pytorch_legacy(dir / "m.pt"), ContainsSubstring(hostile.problem));
}

TEST_CASE("a legacy file of another version is refused", "[malformed][legacy]") {
  const TempDir dir;
  const std::string magic = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s;
  write_file(dir / "m.pt", magic + "K\1.}.N.].");
  CHECK_THROWS_WITH(read_pytorch_legacy(dir / "m.pt"), ContainsSubstring("is 1, 1001 is expected"));
  write_file(dir / "m.pt", magic + "N.}.N.].");
  CHECK_THROWS_WITH(read_pytorch_legacy(dir / "m.pt"), ContainsSubstring("is NoneType, 1001 is expected"));
}

}  // namespace torch_ext::formats

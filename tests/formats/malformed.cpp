// Damaged files either load or throw FormatError; under AddressSanitizer they also touch no wrong byte.
#include "libtorch_ext/formats/archive/zip_writer.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "libtorch_ext/formats/flatten.h"
#include "libtorch_ext/formats/pytorch/pytorch_zip.h"
#include "tests/formats/small_value.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

std::string small_file(const TempDir& dir) {
  write_pytorch_zip(small_value(), dir / "small.pt", {.durable = false});
  return read_file(dir / "small.pt");
}

void write_archive(const std::string& path, const std::string& pickle, const std::string& data,
                   const std::string& byteorder = "little") {
  AtomicFile file(path);
  ZipWriter zip(file);
  zip.add("m/data.pkl", pickle);
  zip.add("m/byteorder", byteorder);
  zip.add("m/data/0", data);
  zip.finish();
  file.commit(false);
}

/// The pickle of one tensor: FloatStorage "0" of `numel` elements, then `arguments` of _rebuild_tensor_v2.
std::string tensor_pickle(const std::string& numel, const std::string& arguments,
                          const std::string& type = "FloatStorage") {
  return "\x80\x02"
         "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n"s +
         type + "\nX\x01\0\0\0000X\x03\0\0\0cpu"s + numel + "tQ" + arguments + "tR.";
}

const std::string kHooks =
    "\x89"
    "ccollections\nOrderedDict\n)R";

}  // namespace

TEST_CASE("a file cut at any byte does not load", "[malformed]") {
  const TempDir dir;
  const std::string good = small_file(dir);
  for (size_t size = 0; size < good.size(); ++size) {
    write_file_anew(dir / "cut.pt", good.substr(0, size));
    CHECK_FALSE(loads(dir / "cut.pt"));
  }
}

TEST_CASE("a file with any bit flipped loads or is refused, nothing else", "[malformed]") {
  const TempDir dir;
  const std::string good = small_file(dir);
  CHECK(flips_that_load(good, dir / "bad.pt") > 0);  // payloads and padding are free to change
}

TEST_CASE("hostile tensors are refused with both numbers", "[malformed]") {
  struct Case {
    std::string pickle;
    std::string problem;
  };
  const std::string huge = "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
  const std::string minus = "J\xff\xff\xff\xff";
  const auto hostile = GENERATE_COPY(
      Case{tensor_pickle("K\x03", "K\0K\x02\x85K\x01\x85"s + kHooks), "has 8 bytes, 3 elements of 4 are expected"},
      Case{tensor_pickle(huge, "K\0K\x02\x85K\x01\x85"s + kHooks), "elements of 4 are expected"},
      Case{tensor_pickle(minus, "K\0K\x02\x85K\x01\x85"s + kHooks), "a persistent id names a storage of -1 elements"},
      Case{tensor_pickle("K\x02", "K\0K\x03\x85K\x01\x85"s + kHooks), "it reaches byte 12 of a storage of 8 bytes"},
      Case{tensor_pickle("K\x02", "K\0K\x02\x85K\x02\x85"s + kHooks), "it reaches byte 12 of a storage of 8 bytes"},
      Case{tensor_pickle("K\x02", "K\x01K\x02\x85K\x01\x85"s + kHooks), "it reaches byte 12 of a storage of 8 bytes"},
      Case{tensor_pickle("K\x02", minus + "K\x02\x85K\x01\x85" + kHooks), "the offset is negative"},
      Case{tensor_pickle("K\x02", "K\0"s + minus + "\x85K\x01\x85" + kHooks), "a size is negative"},
      Case{tensor_pickle("K\x02", "K\0K\x02\x85"s + minus + "\x85" + kHooks), "a stride is negative"},
      Case{tensor_pickle("K\x02", "K\0"s + huge + "\x85" + huge + "\x85" + kHooks), "the numbers are too large"},
      Case{tensor_pickle("K\x02", "K\0K\x02\x85)"s + kHooks), "as many strides as sizes are expected"},
      Case{tensor_pickle("K\x02", "K\0NK\x01\x85"s + kHooks), "is NoneType, a tuple of integers is expected"},
      Case{tensor_pickle("K\x02", "K\0"s), "argument 2 of a tensor is missing"},
      Case{tensor_pickle("K\x02", "K\0K\x02\x85K\x01\x85"s + kHooks, "Evil"), "names the storage type torch.Evil"},
      Case{"\x80\x02K\x01Q.", "a persistent id is int, a tuple of 5 or 6 is expected"});
  const TempDir dir;
  write_archive(dir / "m.pt", hostile.pickle, std::string(8, '\0'));
  CHECK_THROWS_WITH(read_pytorch_zip(dir / "m.pt"), ContainsSubstring(hostile.problem));
}

TEST_CASE("an archive with anything before or into it, or another one behind it, is refused", "[malformed]") {
  const TempDir dir;
  const std::string good = small_file(dir);
  const std::string end = good.substr(good.size() - 22);
  for (const std::string& bad : {"junk" + good, good + good, good.substr(0, 64) + good, good + end + good}) {
    write_file(dir / "bad.pt", bad);
    CHECK_FALSE(loads(dir / "bad.pt"));
  }
  for (const std::string& padded : {good + "junk", good + std::string(512, '\0'), good + end}) {
    write_file(dir / "padded.pt", padded);
    CHECK(loads(dir / "padded.pt"));
  }
}

TEST_CASE("a big-endian file gives the same numbers", "[malformed]") {
  const TempDir dir;
  write_archive(dir / "m.pt", tensor_pickle("K\x02", "K\0K\x02\x85K\x01\x85"s + kHooks), "\x3f\x80\0\0\x40\0\0\0"s,
                "big");
  CHECK(elements(*read_pytorch_zip(dir / "m.pt").root.as<Tensor>()) == elements(make_tensor({1, 2})));
  write_archive(dir / "m.pt", "\x80\x02N.", "", "middle");
  CHECK_THROWS_WITH(read_pytorch_zip(dir / "m.pt"), ContainsSubstring("record byteorder holds 'middle'"));
}

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/idx.h"

#include <libdeflate.h>

#include "libtorch_ext/formats/archive/gzip.h"
#include "libtorch_ext/formats/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;
using namespace std::string_literals;

const std::string kImages = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03"s + "abcdef";

std::string gzip(const std::string& text) {
  auto* compressor = libdeflate_alloc_compressor(6);
  std::string packed(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor, text.data(), text.size(), packed.data(), packed.size()));
  libdeflate_free_compressor(compressor);
  return packed;
}

std::string text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("an IDX file reads alike plain and as gzip, whatever its name", "[idx]") {
  const TempDir dir;
  const bool packed = GENERATE(false, true);
  write_file(dir / "images", packed ? gzip(kImages) : kImages);
  const IdxArray array = read_idx(dir / "images");
  CHECK(array.shape == std::vector<int64_t>{2, 1, 3});
  CHECK(text(array.data) == "abcdef");
}

TEST_CASE("the real Fashion-MNIST reads", "[idx]") {
  const std::string path = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";
  if (!std::ifstream(path)) SKIP(path << " is missing: apt install dataset-fashion-mnist");
  CHECK(read_idx(path).shape == std::vector<int64_t>{10000, 28, 28});
}

TEST_CASE("a broken IDX file is refused with what was found and what was expected", "[idx]") {
  struct Case {
    std::string content;
    std::string problem;
  };
  const auto broken =
      GENERATE(Case{"", "begins with '', an IDX file begins with 00 00 08 and its dimensions"},
               Case{"PNG.", "begins with '50 4e 47 2e', an IDX file begins with 00 00 08 and its dimensions"},
               Case{"\0\0\x0d\x01\0\0\0\0"s, "element type 0d (float32) found, unsigned bytes (08) expected"},
               Case{"\0\0\x08\x03\0\0\0\x02"s, "8 bytes found, a header of 16 expected for 3 dimensions"},
               Case{kImages.substr(0, 21), "5 bytes of elements found, 6 expected for 2 x 1 x 3"},
               Case{kImages + "x", "7 bytes of elements found, 6 expected for 2 x 1 x 3"},
               Case{"\0\0\x08\x03"s + std::string(12, '\xff'),
                    "0 bytes of elements found, more than 2^63 expected for 4294967295 x 4294967295 x 4294967295"});
  const TempDir dir;
  const std::string path = dir / "labels";
  write_file(path, broken.content);
  CHECK_THROWS_WITH(read_idx(path), path + ": " + broken.problem);
}

TEST_CASE("gzip members in a row, and zeros after them, unpack as one", "[gzip]") {
  const TempDir dir;
  std::string packed;
  std::string plain;
  for (int i = 0; i < 300; ++i) {
    packed += gzip(std::string(static_cast<size_t>(i * i), 'a'));
    plain += std::string(static_cast<size_t>(i * i), 'a');
  }
  write_file(dir / "file", packed + std::string(512, '\0'));
  CHECK(text(read_maybe_gzip(dir / "file")) == plain);
}

TEST_CASE("gzip cut at any byte is noticed, and so is a flipped bit that changes the content", "[gzip]") {
  const TempDir dir;
  const std::string path = dir / "file";
  const std::string plain = kImages + kImages + kImages;
  const std::string packed = gzip(plain);
  for (size_t size = 2; size < packed.size(); ++size) {
    write_file(path, packed.substr(0, size));
    CHECK_THROWS_WITH(read_maybe_gzip(path), path + ": the gzip data that begins at byte 0 of " + std::to_string(size) +
                                                 " is damaged or truncated; fetch the file again");
  }
  for (size_t at = 2; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] ^= 0x10;
    write_file(path, damaged);
    std::string found = plain;
    try {
      found = text(read_maybe_gzip(path));
    } catch (const FormatError&) {
    }
    CHECK(found == plain);
  }
}

TEST_CASE("a gzip file that promises 4 GiB in its last bytes gets no 4 GiB", "[gzip]") {
  const TempDir dir;
  write_file(dir / "file", "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\xff\xff\xff\xff"s);
  CHECK_THROWS_AS(read_maybe_gzip(dir / "file"), FormatError);
}

}  // namespace torch_ext::formats

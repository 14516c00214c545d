#include "libtorch_ext/formats/archive/zip_reader.h"
#include "libtorch_ext/formats/archive/zip_writer.h"
#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/atomic_file.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext::formats {
namespace {

using namespace torch_ext::testing;

std::string content(const ZipReader& zip, const std::string& name) {
  const ZipRecord* record = zip.find(name);
  REQUIRE(record);
  const auto storage = zip.open(*record);
  const auto bytes = storage->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_zip(const std::string& path, const std::vector<std::pair<std::string, std::string>>& records) {
  AtomicFile file(path);
  ZipWriter zip(file);
  for (const auto& [name, payload] : records) zip.add(name, payload);
  zip.finish();
  file.commit(false);
}

}  // namespace

TEST_CASE("records read back, aligned to 64 bytes in the file", "[zip]") {
  const TempDir dir;
  const std::string large(3'000'000, 'z');
  write_zip(dir / "a.zip", {{"a/empty", ""}, {"a/small", "hello"}, {"a/large", large}, {std::string(200, 'n'), "x"}});
  const ZipReader zip(dir / "a.zip");
  CHECK(zip.records().size() == 4);
  CHECK(content(zip, "a/empty").empty());
  CHECK(content(zip, "a/large") == large);
  for (const ZipRecord& record : zip.records()) {
    const auto storage = zip.open(record);
    // A mapping begins at a page, so addresses are aligned as offsets are.
    CHECK(reinterpret_cast<uintptr_t>(storage->bytes().data()) % 64 == 0);
    CHECK_NOTHROW(zip.verify(record));
  }
  CHECK_FALSE(zip.find("a/none"));
}

TEST_CASE("a storage outlives the reader it came from", "[zip]") {
  const TempDir dir;
  write_zip(dir / "a.zip", {{"a", "hello"}});
  std::shared_ptr<Storage> storage;
  {
    const ZipReader zip(dir / "a.zip");
    storage = zip.open(*zip.find("a"));
  }
  CHECK(storage->bytes()[4] == std::byte{'o'});
}

TEST_CASE("70,000 records are written as zip64 and read back", "[zip]") {
  const TempDir dir;
  std::vector<std::pair<std::string, std::string>> records;
  for (int i = 0; i < 70'000; ++i) records.emplace_back("r/" + std::to_string(i), std::to_string(i));
  write_zip(dir / "a.zip", records);
  const ZipReader zip(dir / "a.zip");
  CHECK(zip.records().size() == 70'000);
  CHECK(content(zip, "r/69999") == "69999");
}

TEST_CASE("one flipped bit in a record is noticed by verify", "[zip]") {
  const TempDir dir;
  write_zip(dir / "a.zip", {{"a", std::string(1000, 'a')}});
  std::string bytes = read_file(dir / "a.zip");
  bytes[64 + 500] ^= 1;
  write_file(dir / "a.zip", bytes);
  const ZipReader zip(dir / "a.zip");
  CHECK_THROWS_WITH(zip.verify(zip.records()[0]), ContainsSubstring("record a is damaged: its CRC-32 is "));
}

TEST_CASE("Python's zipfile reads our archives, and we read its deflated ones", "[zip][python]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  write_zip(dir / "ours.zip", {{"a", ""}, {"b/ü", "hello"}, {"c", std::string(1'000'000, 'c')}});
  CHECK(run_python(R"(
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    print(z.testzip(), z.namelist(), len(z.read('c')), z.read('b/ü'))
with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('packed', 'abc' * 1000)
    z.comment = b'a comment'
)",
                   {dir / "ours.zip", dir / "theirs.zip"}) == "None ['a', 'b/ü', 'c'] 1000000 b'hello'\n");
  const ZipReader zip(dir / "theirs.zip");
  CHECK(content(zip, "packed").substr(2994) == "abcabc");
  CHECK_NOTHROW(zip.verify(zip.records()[0]));
}

TEST_CASE("an archive with a name twice is refused", "[zip]") {
  const TempDir dir;
  write_zip(dir / "a.zip", {{"a", "1"}, {"a", "2"}});
  CHECK_THROWS_WITH(ZipReader(dir / "a.zip"), ContainsSubstring("zip directory, record 1: its name appears twice"));
}

TEST_CASE("bytes behind an archive are no part of it; too many of them are counted", "[zip]") {
  const TempDir dir;
  write_zip(dir / "a.zip", {{"a", "hello"}});
  const std::string good = read_file(dir / "a.zip");
  const std::string behind = GENERATE(std::string(1, '\n'), std::string(512, '\0'), std::string("PK\5\6 and no end"),
                                      "PK\5\6" + std::string(30, '\xff'), std::string(69'584 - 22, 'x'));
  write_file(dir / "b.zip", good + behind);
  CHECK(content(ZipReader(dir / "b.zip"), "a") == "hello");

  write_file(dir / "b.zip", good + std::string(69'584 - 21, 'x'));
  CHECK_THROWS_WITH(
      ZipReader(dir / "b.zip"),
      ContainsSubstring("69563 bytes follow the zip archive, which ends at byte " + std::to_string(good.size())));
}

TEST_CASE("archives put together are told apart", "[zip]") {
  const TempDir dir;
  write_zip(dir / "a.zip", {{"a", "hello"}});
  const std::string good = read_file(dir / "a.zip");
  write_file(dir / "b.zip", good + good);
  CHECK_THROWS_WITH(ZipReader(dir / "b.zip"),
                    ContainsSubstring("a second zip archive begins at byte " + std::to_string(good.size())));
  write_file(dir / "b.zip", good.substr(0, 64) + good);
  CHECK_THROWS_WITH(ZipReader(dir / "b.zip"), ContainsSubstring("were bytes put before the archive?"));
}

TEST_CASE("records that share bytes are refused", "[zip]") {
  const TempDir dir;
  const std::string large(10'000, 'z');
  write_zip(dir / "a.zip", {{"a", large}, {"b", large}});
  std::string bytes = read_file(dir / "a.zip");
  // The second record's bytes are the first one's.
  const size_t entry = bytes.rfind("PK\1\2");
  bytes.replace(entry + 42, 4, std::string(4, '\0'));
  bytes.erase(64 + large.size() + 16, 64 + large.size());
  const size_t end = bytes.rfind("PK\5\6");
  const auto directory = static_cast<uint16_t>(bytes.find("PK\1\2"));
  bytes[end + 16] = static_cast<char>(directory & 0xff);
  bytes[end + 17] = static_cast<char>(directory >> 8);
  write_file(dir / "b.zip", bytes);
  CHECK_THROWS_WITH(ZipReader(dir / "b.zip"), ContainsSubstring("it overlaps others"));
}

TEST_CASE("a directory that promises more than the file holds is refused", "[zip]") {
  const TempDir dir;
  write_zip(dir / "a.zip", {{"a", "1"}});
  const std::string good = read_file(dir / "a.zip");
  const auto patched = [&](size_t from_end, const std::string& value) {
    std::string bytes = good;
    bytes.replace(bytes.size() - from_end, value.size(), value);
    write_file(dir / "b.zip", bytes);
    return dir / "b.zip";
  };
  CHECK_THROWS_WITH(ZipReader(patched(22 - 8, "\xff\xff\xff\xff")), ContainsSubstring("promises 65535 records in "));
  CHECK_THROWS_WITH(ZipReader(patched(22 - 10, "\xff\xff")), ContainsSubstring("is one of several parts"));
  CHECK_THROWS_WITH(ZipReader(patched(22 - 12, "\xff\xff\xff\x7f")), ContainsSubstring("reaches beyond byte"));
  CHECK_THROWS_WITH(ZipReader(patched(22 - 16, "\xff\xff\xff\x7f")), ContainsSubstring("reaches beyond byte"));
  CHECK_THROWS_WITH(ZipReader(patched(22, "QK")), ContainsSubstring("the zip directory that should end the file"));
}

}  // namespace torch_ext::formats

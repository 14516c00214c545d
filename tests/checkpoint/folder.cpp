#include "libtorch_ext/checkpoint/folder.h"

#include <filesystem>

#include "libtorch_ext/checkpoint/checkpoint.h"
#include "libtorch_ext/checkpoint/error.h"
#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
namespace tx = torch_ext;
using tx::testing::ContainsSubstring;
using tx::testing::read_file;
using tx::testing::TempDir;
using tx::testing::write_file;

namespace {

void write_epoch(const TempDir& dir, const std::string& name, int64_t epoch) {
  const tx::Value weights = tx::formats::Dict{.items = {{"bias", std::string(2000, 'b')}}};
  tx::save(tx::Value(tx::formats::Dict{.items = {{"epoch", epoch}, {"state_dict", weights}}}), dir / name);
}

void flip_a_bit(const std::string& path) {
  std::string content = read_file(path);
  content[content.size() / 2] ^= 1;
  write_file(path, content);
}

std::string found_in(const TempDir& dir) {
  const auto found = tx::find_resumable(dir.path().string());
  std::string text = found.file ? fs::path(found.file->path).filename().string() : "nothing";
  for (const auto& [path, problem] : found.skipped) {
    CHECK_FALSE(problem.empty());
    CHECK_FALSE(problem.starts_with(path));
    text += " not " + fs::path(path).filename().string();
  }
  return text;
}

}  // namespace

TEST_CASE("an epoch's file is named so that names sort, and only such names are one's") {
  CHECK(tx::epoch_checkpoint(12) == "epoch-0012.pt");
  CHECK(tx::epoch_checkpoint(123456) == "epoch-123456.pt");
  for (const int64_t epoch : {0, 7, 9999, 10000}) CHECK(tx::epoch_of_checkpoint(tx::epoch_checkpoint(epoch)) == epoch);
  for (const char* name : {"epoch-12.pt", "epoch-00012.pt", "epoch-.pt", "epoch--001.pt", "epoch-0012.pth",
                           "epoch-0012", "epoch-0012.pt.tmp-1-0", "last.pt", "", "epoch-99999999999999999999.pt"}) {
    INFO(name);
    CHECK_FALSE(tx::epoch_of_checkpoint(name));
  }
}

TEST_CASE("a run goes on from last.pt, whatever else is there") {
  const TempDir dir;
  CHECK(found_in(dir) == "nothing");
  write_epoch(dir, "epoch-0009.pt", 9);
  write_file(dir / "metrics.csv", "");
  CHECK(found_in(dir) == "epoch-0009.pt");
  write_epoch(dir, "last.pt", 8);
  CHECK(found_in(dir) == "last.pt");
  CHECK(tx::list_checkpoints(dir.path().string()) == std::vector<std::string>{"last.pt", "epoch-0009.pt"});
  CHECK_FALSE(tx::find_resumable(dir / "no such folder").file);
}

TEST_CASE("a damaged last.pt is left out, by name, for the highest epoch that is whole") {
  const TempDir dir;
  for (const int64_t epoch : {9, 10, 11}) write_epoch(dir, tx::epoch_checkpoint(epoch), epoch);
  write_epoch(dir, "best.pt", 10);
  write_epoch(dir, "last.pt", 12);
  flip_a_bit(dir / "last.pt");
  CHECK(found_in(dir) == "epoch-0011.pt not last.pt");
  flip_a_bit(dir / "epoch-0011.pt");
  CHECK(found_in(dir) == "best.pt not last.pt not epoch-0011.pt");
  flip_a_bit(dir / "best.pt");
  CHECK(found_in(dir).starts_with("epoch-0010.pt not last.pt not "));
  flip_a_bit(dir / "epoch-0010.pt");
  CHECK(found_in(dir).starts_with("epoch-0009.pt not last.pt not "));
}

TEST_CASE("every way to be no checkpoint is a reason to look further") {
  const TempDir dir;
  write_epoch(dir, "epoch-0001.pt", 1);
  write_epoch(dir, "last.pt", 2);
  const std::string whole = read_file(dir / "last.pt");
  SECTION("empty") { write_file(dir / "last.pt", ""); }
  SECTION("cut off") { write_file(dir / "last.pt", whole.substr(0, whole.size() - 1)); }
  SECTION("cut in half") { write_file(dir / "last.pt", whole.substr(0, whole.size() / 2)); }
  SECTION("zeros, as after a power cut without fsync") { write_file(dir / "last.pt", std::string(whole.size(), '\0')); }
  SECTION("a folder") {
    fs::remove(dir / "last.pt");
    fs::create_directory(dir / "last.pt");
  }
  SECTION("a file of something else") { write_file(dir / "last.pt", "metrics"); }
  SECTION("no epoch") { tx::save(tx::Value(tx::formats::Dict{.items = {{"state_dict", 1}}}), dir / "last.pt"); }
  SECTION("no state_dict") { tx::save(tx::Value(tx::formats::Dict{.items = {{"epoch", 1}}}), dir / "last.pt"); }
  SECTION("no dictionary") { tx::save(tx::Value(3), dir / "last.pt"); }
  CHECK(found_in(dir) == "epoch-0001.pt not last.pt");
}

TEST_CASE("without a whole checkpoint the error tells what is wrong with each") {
  const TempDir dir;
  write_file(dir / "last.pt", "");
  write_file(dir / "epoch-0002.pt", "no checkpoint either");
  CHECK_THROWS_WITH(tx::find_resumable(dir.path().string()),
                    ContainsSubstring(dir.path().string() + ": found no whole checkpoint to go on from: last.pt: ") &&
                        ContainsSubstring("; epoch-0002.pt: "));
}

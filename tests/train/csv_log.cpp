#include "libtorch_ext/train/csv_log.h"

#include <cmath>

#include "tests/support/catch.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

using torch_ext::CsvLog;
using torch_ext::testing::read_file;
using torch_ext::testing::TempDir;
using torch_ext::testing::write_file;

TEST_CASE("a log that goes on drops later rows, torn rows and nothing else") {
  TempDir dir;
  write_file(dir / "m.csv", "epoch,loss\n1,0.5\n2,0.25\n3,0.125\n4,0.0");
  { CsvLog(dir / "m.csv", {"epoch", "loss"}, 2).append(3, {0.1}); }
  CHECK(read_file(dir / "m.csv") == "epoch,loss\n1,0.5\n2,0.25\n3,0.1\n");
}

TEST_CASE("a log starts anew where the columns differ or nothing is to be kept") {
  TempDir dir;
  write_file(dir / "m.csv", "epoch,loss\n1,0.5\n");
  { CsvLog log(dir / "m.csv", {"epoch", "loss"}); }
  CHECK(read_file(dir / "m.csv") == "epoch,loss\n");
  { CsvLog log(dir / "m.csv", {"epoch", "accuracy"}, 9); }
  CHECK(read_file(dir / "m.csv") == "epoch,accuracy\n");
}

TEST_CASE("a log is read back by columns, and what isn't one is refused by name") {
  TempDir dir;
  { CsvLog(dir / "m.csv", {"epoch", "a", "b"}).append(1, {0.1, std::nan("")}); }
  { CsvLog(dir / "m.csv", {"epoch", "a", "b"}, 1).append(2, {1e-300, -3}); }
  const auto columns = torch_ext::read_csv_log(dir / "m.csv");
  CHECK(columns.at("epoch") == std::vector<double>{1, 2});
  CHECK(columns.at("a") == std::vector<double>{0.1, 1e-300});
  CHECK((std::isnan(columns.at("b")[0]) && columns.at("b")[1] == -3));
  write_file(dir / "torn.csv", "epoch,loss\n1\n");
  CHECK_THROWS_WITH(torch_ext::read_csv_log(dir / "torn.csv"), Catch::Matchers::Contains("torn.csv: found the row \"1\""));
  CHECK_THROWS_WITH(torch_ext::read_csv_log(dir / "none.csv"), Catch::Matchers::Contains("none.csv"));
}

TEST_CASE("numbers are written in the fewest digits that read back the same") {
  TempDir dir;
  { CsvLog(dir / "m.csv", {"step", "a", "b"}).append(1, {0.1, static_cast<double>(0.1F)}); }
  CHECK(read_file(dir / "m.csv") == "step,a,b\n1,0.1,0.10000000149011612\n");
}

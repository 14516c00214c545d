#include "libtorch_ext/data/datasets/csv_dataset.h"

#include <ATen/Functions.h>

#include <numeric>

#include "tests/data/datasets/gzip_text.h"
#include "tests/support/files.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {
namespace {

using testing::ContainsSubstring;
using testing::TempDir;
using testing::write_file;

Batch all_of(const Dataset& dataset) {
  std::vector<int64_t> order(static_cast<size_t>(dataset.size()));
  std::iota(order.begin(), order.end(), 0);
  return get_batch(dataset, order);
}

}  // namespace

TEST_CASE("a CSV file gives its columns by name, plain or gzip, whatever its line ends", "[datasets]") {
  const TempDir dir;
  const std::string text =
      "\xEF\xBB\xBFheight,\"the \"\"weight\"\", kg\",class\r\n1.5,  +7 ,2\r\n\r\n\"-2e3\",inf,0\n0.1,1e-50,1";
  write_file(dir / "plain", text);
  write_file(dir / "packed", testing::gzip_text(text));
  for (const char* name : {"plain", "packed"}) {
    const auto dataset = csv_dataset(dir / name, {.target = {"class"}, .target_dtype = c10::kLong});
    const Batch batch = all_of(*dataset);
    const at::Tensor expected =
        at::tensor(std::vector<double>{1.5, 7, -2000, std::numeric_limits<double>::infinity(), 0.1, 0}).reshape({3, 2});
    CHECK(at::equal(batch.data, expected.to(at::kFloat)));
    CHECK(at::equal(batch.target, at::tensor(std::vector<int64_t>{2, 0, 1})));
    CHECK(dataset->fields().at(1) == Field{"target", at::kLong, {}});
  }
  const auto chosen = csv_dataset(dir / "plain", {.features = {"class", "height"}, .target = {"height", "class"}});
  CHECK(at::equal(all_of(*chosen).data, all_of(*chosen).target.flip(1)));
  CHECK(csv_dataset(dir / "plain")->fields().size() == 1);
}

TEST_CASE("numbers are numpy's, to the last bit, with any delimiter", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const TempDir dir;
  testing::run_python(R"(
import sys, numpy
x = numpy.random.default_rng(0).normal(size=(500, 7)) * 10.0 ** numpy.arange(-20, 22, 6)
with open(sys.argv[1], 'w') as file:
    file.write(';'.join('abcdefg') + '\n')
    for row in x: file.write(';'.join(map(repr, row.tolist())) + '\n')
numpy.genfromtxt(sys.argv[1], delimiter=';', skip_header=1).astype(numpy.float32).tofile(sys.argv[2])
)",
                      {dir / "x.csv", dir / "numbers"});
  const at::Tensor ours = all_of(*csv_dataset(dir / "x.csv", {.delimiter = ';'})).data;
  CHECK(testing::read_file(dir / "numbers") ==
        std::string_view(static_cast<const char*>(ours.const_data_ptr()), ours.nbytes()));
}

TEST_CASE("lines that end in CR, and blank ones, are lines as in pandas", "[datasets]") {
  const TempDir dir;
  const at::Tensor features = at::tensor(std::vector<float>{1, 2, 3, 4}).reshape({2, 2});
  for (const char* text : {"a,b,y\r1,2,0\r3,4,1\r", "a,b,y\n1,2,0\n   \n3,4,1\n", "\r\na,b,y\r1,2,0\n\t\r\n3,4,1"}) {
    write_file(dir / "x.csv", text);
    const Batch batch = all_of(*csv_dataset(dir / "x.csv", {.target = {"y"}}));
    CHECK(at::equal(batch.data, features));
    CHECK(at::equal(batch.target, at::tensor(std::vector<float>{0, 1})));
  }
}

TEST_CASE("numbers beyond a double's range are Python's, 0 and infinity", "[datasets]") {
  const TempDir dir;
  write_file(dir / "x.csv", "p,y\n1e-400,0\n-1e999,1\nInfinity,0\nnan,1\n1e-310,0\n");
  const at::Tensor p = all_of(*csv_dataset(dir / "x.csv", {.target = {"y"}})).data.flatten();
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(at::equal(p.nan_to_num(5, infinity, -infinity), at::tensor(std::vector<float>{0, -infinity, infinity, 5, 0})));
}

TEST_CASE("a delimiter that ends every line is no column", "[datasets]") {
  const TempDir dir;
  for (const char* text : {"a;y;\n1;0;\n2;1;\n", "a;y\n1;0;\n2;1\n"}) {
    write_file(dir / "x.csv", text);
    const Batch batch = all_of(*csv_dataset(dir / "x.csv", {.target = {"y"}, .delimiter = ';'}));
    CHECK(at::equal(batch.data, at::tensor(std::vector<float>{1, 2}).reshape({2, 1})));
  }
  write_file(dir / "x.csv", "a;y;\n1;0;7\n");
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv", {.delimiter = ';'}),
                    ContainsSubstring("line 2: found 3 fields, expected 2 as in the header"));
}

TEST_CASE("classes keep all of their 64 bits, and may be written as floats", "[datasets]") {
  const TempDir dir;
  write_file(dir / "x.csv", "a,y\n1,9007199254740993\n1,-9223372036854775808\n1, 2.0\n1,1e3\n");
  const Batch batch = all_of(*csv_dataset(dir / "x.csv", {.target = {"y"}, .target_dtype = c10::kLong}));
  CHECK(at::equal(batch.target, at::tensor(std::vector<int64_t>{9007199254740993, INT64_MIN, 2, 1000})));
}

TEST_CASE("a file without a header, or with another delimiter, is not read as if it had one", "[datasets]") {
  const TempDir dir;
  write_file(dir / "x.csv", "5.1,3.5,0\n4.9,3.0,0\n");
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv"),
                    ContainsSubstring("line 1: found numbers, expected the columns' names"));
  write_file(dir / "x.csv", "0,1,2\n4.9,3.0,0\n");  // what pandas writes for columns without names
  CHECK(csv_dataset(dir / "x.csv")->size() == 1);
  write_file(dir / "x.csv", "a;b;y\n1;2;0\n");
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv", {.target = {"y"}}),
                    ContainsSubstring("found no column \"y\", expected one of \"a;b;y\"; is ';' the delimiter?"));
  write_file(dir / "x.csv", "# made today\na,y\n1,0\n");
  const std::string doubt = "; the header begins with '#': if that is a comment, remove it";
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv"),
                    ContainsSubstring("line 2: found 2 fields, expected 1 as in the header" + doubt));
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv", {.target = {"y"}}),
                    ContainsSubstring("found no column \"y\", expected one of \"# made today\"" + doubt));
}

TEST_CASE("a column that isn't there is told, with those that are", "[datasets]") {
  const TempDir dir;
  write_file(dir / "x.csv", "height,weight,height\n1,2,3\n");
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv", {.target = {"wieght"}}),
                    ContainsSubstring("found no column \"wieght\", expected one of \"height\", \"weight\", \"height\"; "
                                      "did you mean \"weight\"?"));
  CHECK_THROWS_WITH(csv_dataset(dir / "x.csv", {.target = {"height"}}),
                    ContainsSubstring("found 2 columns \"height\", expected one"));
}

}  // namespace torch_ext

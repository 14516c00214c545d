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

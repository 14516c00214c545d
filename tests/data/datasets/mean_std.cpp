#include "libtorch_ext/data/datasets/mean_std.h"

#include <ATen/Functions.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "libtorch_ext/data/datasets/map.h"
#include "libtorch_ext/data/datasets/mnist.h"
#include "libtorch_ext/data/datasets/numpy_dataset.h"
#include "tests/support/python.h"
#include "tests/support/temp_dir.h"

namespace torch_ext {

TEST_CASE("mean and std equal numpy's by channel, read by rows or one by one, also far from 0", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const testing::TempDir dir;
  std::istringstream theirs(testing::run_python(R"(
import sys, numpy
x = numpy.random.default_rng(0).normal(1e4, [[[1]], [[3]], [[0]]], (700, 3, 5, 4)).astype(numpy.float32)
numpy.save(sys.argv[1], x)
print(*x.astype(float).mean((0, 2, 3)), *x.astype(float).std((0, 2, 3)))
)",
                                                {dir / "x.npy"}));
  const auto dataset = npy_dataset({dir / "x.npy"});
  const auto one_by_one = map(dataset, [](Sample sample, Random&) { return sample; });
  for (const MeanStd& ours : {mean_std(*dataset), mean_std(*one_by_one)}) {
    REQUIRE(ours.mean.size() == 3);
    theirs.seekg(0);
    for (const double number : ours.mean) {
      double expected = 0;
      theirs >> expected;
      CHECK(std::abs(number - expected) < 1e-6);
    }
    for (const double number : ours.std) {
      double expected = 0;
      theirs >> expected;
      CHECK(std::abs(number - expected) < 1e-6);
    }
    CHECK(ours.normalization().at(1).std == ours.std.at(1));
  }
}

TEST_CASE("Fashion-MNIST has the mean 0.2860 and the std 0.3530", "[datasets]") {
  const std::string root = "/usr/share/datasets/fashion-mnist";
  if (!std::ifstream(root + "/train-labels-idx1-ubyte.gz")) SKIP("no Fashion-MNIST in " + root);
  const MeanStd found = mean_std(*mnist(root, Split::kTrain));
  CHECK(std::abs(found.mean.at(0) - 0.2860406) < 1e-6);
  CHECK(std::abs(found.std.at(0) - 0.3530242) < 1e-6);
}

TEST_CASE("mean and std of no samples are refused", "[datasets]") {
  CHECK_THROWS_AS(mean_std(TensorDataset({at::zeros({0, 3})})), c10::ValueError);
}

}  // namespace torch_ext

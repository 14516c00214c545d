#include "libtorch_ext/data/datasets/random_split.h"

#include <ATen/Functions.h>

#include <sstream>

#include "libtorch_ext/data/datasets/tensor_dataset.h"
#include "tests/support/python.h"

namespace torch_ext {
namespace {

std::shared_ptr<TensorDataset> dataset_of(int64_t size) {
  return std::make_shared<TensorDataset>(std::vector{at::arange(size)});
}

}  // namespace

TEST_CASE("random_split gives Python's parts for lengths and for fractions", "[datasets]") {
  TORCH_EXT_NEEDS_PYTHON();
  const std::vector<std::vector<double>> fractions{
      {1}, {0.5, 0.5}, {0.9, 0.1}, {0.3, 0.3, 0.4}, {0.7, 0.2, 0.1}, {0.333, 0.333, 0.334}, {0.25, 0.25, 0.25, 0.25}};
  std::ostringstream ours;
  const auto print = [&](int64_t size, const std::vector<double>& lengths) {
    for (const auto& part : random_split(dataset_of(size), lengths, at::detail::createCPUGenerator(42))) {
      for (const int64_t index : part->indices()) ours << index << ' ';
      ours << '\n';
    }
  };
  for (const int64_t size : {1, 2, 7, 10, 101}) {
    for (const auto& lengths : fractions) print(size, lengths);
    print(size, {static_cast<double>(size - 1), 1});
  }
  CHECK(ours.str() == testing::run_python(R"(
import torch
from torch.utils.data import random_split
def show(size, lengths):
    for part in random_split(range(size), lengths, torch.Generator().manual_seed(42)):
        print(*part.indices, sep=' ', end=' \n' if len(part) else '\n')
for size in (1, 2, 7, 10, 101):
    for lengths in ([1], [.5, .5], [.9, .1], [.3, .3, .4], [.7, .2, .1], [.333, .333, .334], [.25] * 4):
        show(size, lengths)
    show(size, [size - 1, 1])
)"));
}

TEST_CASE("lengths that don't add up to the dataset are refused", "[datasets]") {
  using testing::ContainsSubstring;
  CHECK_THROWS_WITH(random_split(dataset_of(10), {3, 6}),
                    ContainsSubstring("the lengths add up to 9, expected 10, the dataset's samples"));
  CHECK_THROWS_WITH(random_split(dataset_of(10), {9.5, 0.5}), ContainsSubstring("found the length 9.5"));
  CHECK_THROWS_WITH(random_split(dataset_of(10), {1.5, -0.5}),
                    ContainsSubstring("found the fraction 1.5, expected one from 0 to 1"));
}

}  // namespace torch_ext

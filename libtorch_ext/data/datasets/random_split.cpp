#include "libtorch_ext/data/datasets/random_split.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "libtorch_ext/data/samplers/permutation.h"

namespace torch_ext {
namespace {

// Python refuses a sum just above 1, which rounding alone may give.
bool are_fractions(double sum) { return std::abs(sum - 1) <= 1e-9; }

std::vector<int64_t> from_fractions(int64_t size, const std::vector<double>& fractions) {
  std::vector<int64_t> lengths;
  int64_t left = size;
  for (const double fraction : fractions) {
    TORCH_CHECK_VALUE(0 <= fraction && fraction <= 1, "random_split: found the fraction ", fraction,
                      ", expected one from 0 to 1");
    lengths.push_back(static_cast<int64_t>(std::floor(static_cast<double>(size) * fraction)));
    left -= lengths.back();
  }
  TORCH_CHECK_VALUE(left >= 0, "random_split: found fractions of more than the whole");
  for (int64_t i = 0; i < left; ++i) ++lengths[static_cast<size_t>(i) % lengths.size()];
  return lengths;
}

}  // namespace

std::vector<std::shared_ptr<Subset>> random_split(std::shared_ptr<const Dataset> dataset,
                                                  const std::vector<double>& lengths, at::Generator generator) {
  TORCH_CHECK_VALUE(dataset, "random_split: found no dataset");
  const int64_t size = dataset->size();
  const double sum = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  std::vector<int64_t> counts;
  if (are_fractions(sum)) {
    counts = from_fractions(size, lengths);
  } else {
    for (const double length : lengths) {
      TORCH_CHECK_VALUE(0 <= length && length <= static_cast<double>(size) && length == std::floor(length),
                        "random_split: found the length ", length, ", expected a whole number from 0 to the ", size,
                        " samples, or fractions that add up to 1");
      counts.push_back(static_cast<int64_t>(length));
    }
    TORCH_CHECK_VALUE(sum == static_cast<double>(size), "random_split: the lengths add up to ", sum, ", expected ",
                      size, ", the dataset's samples");
  }
  const std::vector<int64_t> order = random_permutation(size, generator);
  std::vector<std::shared_ptr<Subset>> parts;
  auto begin = order.begin();
  for (const int64_t count : counts) {
    parts.push_back(std::make_shared<Subset>(dataset, std::vector<int64_t>(begin, begin + count)));
    begin += count;
  }
  return parts;
}

}  // namespace torch_ext

#include "libtorch_ext/data/samplers/grouped_by_length.h"

#include <c10/util/Exception.h>

#include <algorithm>

#include "libtorch_ext/data/samplers/permutation.h"

namespace torch_ext {
namespace {

constexpr int64_t kMostBatches = 50;
constexpr int64_t kLeastGroups = 4;

int64_t group_size_of(int64_t samples, int64_t batch_size, const GroupedByLengthOptions& options) {
  TORCH_CHECK_VALUE(batch_size > 0, "GroupedByLength: found batch_size = ", batch_size, ", expected a positive number");
  const int64_t batches =
      options.mega_batch_mult.value_or(std::clamp<int64_t>(samples / batch_size / kLeastGroups, 1, kMostBatches));
  TORCH_CHECK_VALUE(batches > 0, "GroupedByLength: found mega_batch_mult = ", batches, ", expected a positive number");
  int64_t size = 0;
  return __builtin_mul_overflow(batches, batch_size, &size) ? std::max<int64_t>(samples, 1) : size;
}

}  // namespace

GroupedByLength::GroupedByLength(std::vector<int64_t> lengths, int64_t batch_size, GroupedByLengthOptions options)
    : lengths_(std::move(lengths)), group_size_(group_size_of(size(), batch_size, options)) {}

std::vector<int64_t> GroupedByLength::order(int64_t, at::Generator& generator) const {
  std::vector<int64_t> order = random_permutation(size(), generator);
  const auto length = [this](int64_t index) { return lengths_[static_cast<size_t>(index)]; };
  size_t longest = 0;
  for (size_t begin = 0; begin < order.size();) {
    const size_t end = begin + std::min(static_cast<size_t>(group_size_), order.size() - begin);
    std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                     order.begin() + static_cast<std::ptrdiff_t>(end),
                     [&](int64_t a, int64_t b) { return length(a) > length(b); });
    if (length(order[begin]) > length(order[longest])) longest = begin;
    begin = end;
  }
  if (!order.empty()) std::swap(order.front(), order[longest]);
  return order;
}

}  // namespace torch_ext

#include "libtorch_ext/data/datasets/stack.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <iterator>

namespace torch_ext {

StackDataset::StackDataset(std::vector<std::shared_ptr<const Dataset>> datasets) : datasets_(std::move(datasets)) {
  TORCH_CHECK_VALUE(!datasets_.empty(), "StackDataset: found no datasets");
  for (const auto& dataset : datasets_) {
    TORCH_CHECK_VALUE(dataset, "StackDataset: dataset ", counts_.size(), " is null");
    TORCH_CHECK_VALUE(dataset->size() == size(), "StackDataset: dataset ", counts_.size(), " has ", dataset->size(),
                      " samples, expected ", size(), " as in the first");
    const auto fields = dataset->fields();
    counts_.push_back(fields.size());
    fields_.insert(fields_.end(), fields.begin(), fields.end());
  }
  if (std::ranges::find(counts_, size_t{0}) != counts_.end()) fields_.clear();
}

Sample StackDataset::get(int64_t index, Random& random) const {
  Sample sample;
  for (const auto& dataset : datasets_) {
    Random same = random;
    std::ranges::move(dataset->get(index, same), std::back_inserter(sample));
  }
  return sample;
}

void StackDataset::read(const Rows& rows) const {
  size_t first = 0;
  for (size_t i = 0; i < datasets_.size(); ++i) {
    datasets_[i]->read(rows.with_fields(first, counts_[i]));
    first += counts_[i];
  }
}

}  // namespace torch_ext

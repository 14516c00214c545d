#include "libtorch_ext/data/datasets/concat.h"

#include <c10/util/Exception.h>

#include <algorithm>

#include "libtorch_ext/data/datasets/read_mapped.h"

namespace torch_ext {

ConcatDataset::ConcatDataset(std::vector<std::shared_ptr<const Dataset>> datasets) : datasets_(std::move(datasets)) {
  TORCH_CHECK_VALUE(!datasets_.empty(), "ConcatDataset: found no datasets");
  for (const auto& dataset : datasets_) {
    TORCH_CHECK_VALUE(dataset, "ConcatDataset: dataset ", ends_.size(), " is null");
    ends_.push_back((ends_.empty() ? 0 : ends_.back()) + dataset->size());
  }
  fields_ = datasets_.front()->fields();
  const auto differs = [this](const auto& dataset) { return dataset->fields() != fields_; };
  if (std::ranges::any_of(datasets_, differs)) fields_.clear();
}

size_t ConcatDataset::dataset_of(int64_t index) const {
  TORCH_CHECK_INDEX(0 <= index && index < size(), "sample ", index, " of ", size());
  return static_cast<size_t>(std::ranges::upper_bound(ends_, index) - ends_.begin());
}

Sample ConcatDataset::get(int64_t index, Random& random) const {
  const size_t dataset = dataset_of(index);
  return datasets_[dataset]->get(index - begin_of(dataset), random);
}

void ConcatDataset::read(const Rows& rows) const {
  for (int64_t first = 0; first < rows.size();) {
    const size_t dataset = dataset_of(rows.index(first));
    const int64_t begin = begin_of(dataset);
    int64_t count = 1;
    while (first + count < rows.size() && begin <= rows.index(first + count) &&
           rows.index(first + count) < ends_[dataset]) {
      ++count;
    }
    read_mapped(*datasets_[dataset], rows.slice(first, count), [begin](int64_t index) { return index - begin; });
    first += count;
  }
}

std::string ConcatDataset::name(int64_t index) const {
  const size_t dataset = dataset_of(index);
  return datasets_[dataset]->name(index - begin_of(dataset));
}

}  // namespace torch_ext

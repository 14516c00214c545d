#pragma once

#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// Datasets one behind the other: Python's `ConcatDataset`.
///
///     tx::ConcatDataset({train, extra})   // sample train->size() is the first of `extra`
class ConcatDataset : public Dataset {
 public:
  /// Throws a `c10::ValueError` for no datasets.
  explicit ConcatDataset(std::vector<std::shared_ptr<const Dataset>> datasets);

  int64_t size() const override { return ends_.back(); }
  /// Those of the first dataset, if all others have the same.
  std::vector<Field> fields() const override { return fields_; }
  Sample get(int64_t index, Random& random) const override;
  void read(const Rows& rows) const override;
  std::string name(int64_t index) const override;

 private:
  size_t dataset_of(int64_t index) const;
  int64_t begin_of(size_t dataset) const { return dataset == 0 ? 0 : ends_[dataset - 1]; }

  std::vector<std::shared_ptr<const Dataset>> datasets_;
  std::vector<int64_t> ends_;  // ascending: where each dataset's samples end
  std::vector<Field> fields_;
};

}  // namespace torch_ext

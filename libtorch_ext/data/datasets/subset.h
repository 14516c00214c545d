#pragma once

#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// Some samples of a dataset: Python's `Subset`.
///
///     tx::Subset(dataset, {7, 3})   // sample 0 is the dataset's 7, sample 1 its 3
class Subset : public Dataset {
 public:
  /// Throws a `c10::IndexError` for an index that the dataset doesn't have.
  Subset(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> indices);

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  std::vector<Field> fields() const override { return dataset_->fields(); }
  Sample get(int64_t index, Random& random) const override { return dataset_->get(index_of(index), random); }
  void read(const Rows& rows) const override;
  std::string name(int64_t index) const override { return dataset_->name(index_of(index)); }

  const Dataset& dataset() const { return *dataset_; }
  const std::vector<int64_t>& indices() const { return indices_; }

 private:
  int64_t index_of(int64_t index) const { return indices_.at(static_cast<size_t>(index)); }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<int64_t> indices_;
};

}  // namespace torch_ext

#pragma once

#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// Datasets side by side: a sample has the fields of all their samples of that index. Python's `StackDataset`.
///
/// Each dataset gets the same random numbers for a sample, so that an image and its mask are turned alike.
///
///     tx::StackDataset({images, masks})
class StackDataset : public Dataset {
 public:
  /// Throws a `c10::ValueError` for no datasets, or where their sizes differ.
  explicit StackDataset(std::vector<std::shared_ptr<const Dataset>> datasets);

  int64_t size() const override { return datasets_.front()->size(); }
  /// All datasets' fields, if each has some.
  std::vector<Field> fields() const override { return fields_; }
  Sample get(int64_t index, Random& random) const override;
  void read(const Rows& rows) const override;
  /// The first dataset's.
  std::string name(int64_t index) const override { return datasets_.front()->name(index); }

 private:
  std::vector<std::shared_ptr<const Dataset>> datasets_;
  std::vector<Field> fields_;
  std::vector<size_t> counts_;  // fields, by dataset
};

}  // namespace torch_ext

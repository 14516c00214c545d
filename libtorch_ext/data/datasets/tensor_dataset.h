#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// Samples along the first dimension of some tensors, a field for each: Python's `TensorDataset`.
///
///     const auto dataset = std::make_shared<tx::TensorDataset>(std::vector{torch::rand({100, 4}),
///     torch::rand({100})});
class TensorDataset : public Dataset {
 public:
  /// The tensors are brought to the CPU and made contiguous; those that are so already share their memory. `names`: of
  /// the fields; else they are "0", "1", … Throws a `c10::ValueError` for no tensors, or where their first dimensions
  /// differ.
  explicit TensorDataset(std::vector<at::Tensor> tensors, std::vector<std::string> names = {});

  int64_t size() const override { return size_; }
  std::vector<Field> fields() const override { return fields_; }
  void read(const Rows& rows) const override;

 private:
  std::vector<at::Tensor> tensors_;
  std::vector<Field> fields_;
  int64_t size_ = 0;
};

}  // namespace torch_ext

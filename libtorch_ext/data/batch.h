#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace torch_ext {

/// One sample: a tensor per field, mostly an image and its class. Python's `dataset[i]`.
using Sample = std::vector<at::Tensor>;

/// Some samples at once: each field's tensors in one, the samples along its first dimension.
struct Batch {
  at::Tensor data;               ///< the first field: [batch, …]
  at::Tensor target;             ///< the second field: [batch, …]; undefined where there is but one
  std::vector<at::Tensor> more;  ///< the third field and those after

  /// Samples.
  int64_t size() const { return data.size(0); }
  /// The field of that number: `data`, `target`, `more` in turn.
  const at::Tensor& operator[](size_t field) const {
    return field == 0 ? data : field == 1 ? target : more.at(field - 2);
  }
  at::Tensor& operator[](size_t field) { return field == 0 ? data : field == 1 ? target : more.at(field - 2); }
};

}  // namespace torch_ext

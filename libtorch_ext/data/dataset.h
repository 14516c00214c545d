#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace torch_ext {

/// Some samples at once.
struct Batch {
  at::Tensor data;    ///< [batch, …]
  at::Tensor target;  ///< [batch, …]

  int64_t size() const { return data.size(0); }
};

/// Samples by index. Implementations are safe to read from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Number of samples.
  virtual int64_t size() const = 0;
  /// The samples at `indices`, each in [0, size()), in new tensors.
  virtual Batch get_batch(std::span<const int64_t> indices) const = 0;
};

}  // namespace torch_ext

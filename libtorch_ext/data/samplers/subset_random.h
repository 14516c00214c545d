#pragma once

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

/// Some samples, those at `indices`, in random order: Python's `SubsetRandomSampler`.
///
///     tx::SubsetRandomSampler({3, 5, 8})   // 5 3 8, then 8 3 5, …
class SubsetRandomSampler : public Sampler {
 public:
  explicit SubsetRandomSampler(std::vector<int64_t> indices) : indices_(std::move(indices)) {}

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;

 private:
  std::vector<int64_t> indices_;
};

}  // namespace torch_ext

#pragma once

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

/// 0, 1, 2, …, in every epoch. Takes nothing from the generator.
///
///     tx::SequentialSampler(3)   // 0 1 2
class SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(int64_t size);

  int64_t size() const override { return size_; }
  std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const override;

 private:
  int64_t size_;
};

}  // namespace torch_ext

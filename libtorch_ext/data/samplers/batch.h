#pragma once

#include <memory>

#include "libtorch_ext/data/sampler.h"

namespace torch_ext {

/// A sampler's order in batches of `batch_size`, the last of them shorter, or left out with `drop_last`: Python's
/// `BatchSampler`.
///
///     tx::BatchSampler(std::make_shared<tx::SequentialSampler>(10), 3, false)   // 0 1 2 | 3 4 5 | 6 7 8 | 9
class BatchSampler : public BatchSamplerBase {
 public:
  /// Throws a `c10::ValueError` for a batch size below 1.
  BatchSampler(std::shared_ptr<const Sampler> sampler, int64_t batch_size, bool drop_last);

  int64_t size() const override;
  BatchedOrder order(int64_t epoch, at::Generator& generator) const override;
  void finish(at::Generator& generator) const override { sampler_->finish(generator); }

 private:
  std::shared_ptr<const Sampler> sampler_;
  int64_t batch_size_;
  bool drop_last_;
};

}  // namespace torch_ext

#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <vector>

namespace torch_ext {

/// Which samples an epoch visits, in which order. A sampler keeps nothing between epochs: an order follows from the
/// epoch's number and the loader's generator, so that a loader's state is the sampler's, too.
///
/// Python's samplers give the same orders where sampler and `DataLoader` have the same generator
/// (`DataLoader(sampler=RandomSampler(data, generator=g), generator=g)`).
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// Indices per epoch.
  virtual int64_t size() const = 0;

  /// The order of epoch `epoch` (0, 1, …). Takes from `generator` what Python's takes until the last index is out.
  virtual std::vector<int64_t> order(int64_t epoch, at::Generator& generator) const = 0;

  /// What Python's takes from `generator` once it is asked for an index after the last.
  virtual void finish(at::Generator& generator) const { (void)generator; }
};

/// An epoch cut into batches.
struct BatchedOrder {
  std::vector<int64_t> indices;  ///< batch after batch
  std::vector<int64_t> ends;     ///< where each batch ends in `indices`, ascending
};

/// Which samples make which batches: what Python takes for `batch_sampler`. Rules as for `Sampler`.
class BatchSamplerBase {
 public:
  virtual ~BatchSamplerBase() = default;

  /// Batches per epoch.
  virtual int64_t size() const = 0;
  virtual BatchedOrder order(int64_t epoch, at::Generator& generator) const = 0;
  virtual void finish(at::Generator& generator) const { (void)generator; }
};

}  // namespace torch_ext

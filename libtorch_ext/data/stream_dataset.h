#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libtorch_ext/core/shard.h"
#include "libtorch_ext/data/batch.h"
#include "libtorch_ext/data/random.h"

namespace torch_ext {

/// One pass over a stream. Called by one thread at a time.
class SampleStream {
 public:
  virtual ~SampleStream() = default;

  /// The next sample, or nothing at the end. What takes time and needs no order belongs into
  /// `StreamDataset::finish`.
  virtual std::optional<Sample> next() = 0;

  /// Passes over `count` samples: how a loader resumes in the middle of an epoch.
  virtual void skip(int64_t count) {
    while (count-- > 0 && next()) {
    }
  }
};

/// Samples that come one after another, their number unknown: Python's `IterableDataset`.
///
/// A single stream feeds all workers, in order, so that every number of workers gives the same batches.
class StreamDataset {
 public:
  virtual ~StreamDataset() = default;

  /// A new pass, for epoch `epoch`, over this process's part.
  virtual std::unique_ptr<SampleStream> open(int64_t epoch, const Shard& shard) const = 0;

  /// What is left to do for a sample that `next` gave: decoding, augmentation. Called from several threads at once.
  virtual Sample finish(Sample sample, Random& random) const {
    (void)random;
    return sample;
  }
};

}  // namespace torch_ext

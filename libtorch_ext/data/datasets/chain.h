#pragma once

#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/data/stream_dataset.h"

namespace torch_ext {

/// Streams one after another: Python's `ChainDataset`. What a stream leaves to `finish` is done by its own.
///
///     tx::ChainDataset({first, second})
class ChainDataset : public StreamDataset {
 public:
  /// Throws a `c10::ValueError` for a null pointer.
  explicit ChainDataset(std::vector<std::shared_ptr<const StreamDataset>> datasets);

  /// A stream is opened when the one before it has ended. Its samples are `finish`'s to use: a tensor behind their own
  /// tells which stream they are from.
  std::unique_ptr<SampleStream> open(int64_t epoch, const Shard& shard) const override;
  Sample finish(Sample sample, Random& random) const override;

 private:
  std::vector<std::shared_ptr<const StreamDataset>> datasets_;
};

/// A map-style dataset as a stream, in order: of a shard's samples, those of index shard.index, shard.index +
/// shard.count, … Reading is `finish`'s part and so done by all workers, and a resume costs nothing.
std::shared_ptr<StreamDataset> stream(std::shared_ptr<const Dataset> dataset);

}  // namespace torch_ext

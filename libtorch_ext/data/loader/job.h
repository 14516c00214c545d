#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/data/loader_options.h"
#include "libtorch_ext/data/stream_dataset.h"

namespace torch_ext::loading {

/// What all epochs of a loader have in common. Threads that are left behind in a blocked dataset hold it, too.
struct Job {
  std::shared_ptr<const Dataset> dataset;       ///< the samples by index
  std::shared_ptr<const StreamDataset> stream;  ///< or one after another
  std::vector<Field> fields;                    ///< samples are written into rows; none: read by `get` and collated
  Collate collate;
  int64_t batch_size = 1;  ///< a stream's
  bool drop_last = false;  ///< a stream's
  bool pin_memory = false;
  OnError on_error = OnError::kRaise;

  /// Time to read a sample, in nanoseconds: a running average over all threads. Starts at a guess that makes the
  /// first pieces of work small, so that all threads help with the first batch.
  std::atomic<double> sample_ns = 20'000;
};

}  // namespace torch_ext::loading

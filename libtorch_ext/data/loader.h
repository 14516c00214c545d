#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// Python's `DataLoader` arguments.
struct LoaderOptions {
  /// Samples per batch.
  int64_t batch_size = 1;
  /// Whether each epoch visits the samples in a new order.
  bool shuffle = false;
  /// Whether a last batch of fewer samples is left out.
  bool drop_last = false;
  /// Python's `generator=torch.Generator().manual_seed(seed)`: the same orders, epoch after epoch.
  uint64_t seed = 0;
};

/// Where a loader stands; 0 < batch means in the middle of an epoch.
struct LoaderState {
  at::Tensor generator;  ///< its state before this epoch's order was drawn: uint8, Python's `generator.get_state()`
  int64_t batch = 0;     ///< batches of this epoch that were handed out
};

/// Batches of a dataset. Each range-for is an epoch; a new one may start any time, also after a break.
///
///     auto loader = tx::make_loader(dataset, {.batch_size = 256, .shuffle = true});
///     for (const tx::Batch& batch : *loader) { … }
class DataLoader {
 public:
  DataLoader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);

  /// Batches per epoch.
  int64_t size() const;
  const Dataset& dataset() const { return *dataset_; }
  const LoaderOptions& options() const { return options_; }

  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    const Batch& operator*() const { return batch_; }
    const Batch* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !batch_.data.defined(); }

   private:
    friend class DataLoader;
    explicit Iterator(DataLoader& loader) : loader_(&loader) { ++*this; }
    DataLoader* loader_;
    Batch batch_;
  };

  /// Starts the next epoch, or goes on with the one that `load_state` set.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

  /// Where the loader stands, and back there: the batches that follow are the same, in this process or another.
  LoaderState state() const;
  void load_state(const LoaderState& state);

  /// Moves on to the start of epoch `epoch`, counted from the seed, as if that many epochs had been read.
  void seek_epoch(int64_t epoch);

 private:
  std::shared_ptr<const Dataset> dataset_;
  LoaderOptions options_;
  at::Generator generator_;
  at::Tensor epoch_start_;
  std::vector<int64_t> order_;
  int64_t next_batch_ = 0;
  bool resumed_ = false;
};

/// A loader over `dataset`. Throws a `c10::ValueError` for a batch size below 1.
std::shared_ptr<DataLoader> make_loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options = {});

}  // namespace torch_ext

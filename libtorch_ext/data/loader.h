#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "libtorch_ext/data/dataset.h"
#include "libtorch_ext/data/loader_error.h"
#include "libtorch_ext/data/loader_metrics.h"
#include "libtorch_ext/data/loader_options.h"
#include "libtorch_ext/data/loader_state.h"
#include "libtorch_ext/data/stream_dataset.h"

namespace torch_ext {

/// Batches of a dataset. Each range-for is an epoch; a new one may start any time, also after a break.
///
///     auto loader = tx::make_loader(dataset, {.batch_size = 256, .shuffle = true, .num_workers = 2, .seed = 0});
///     for (const tx::Batch& batch : *loader) { … }
///
/// Batches and their order depend on the seed alone, not on the number of workers, and are those of Python's
/// `DataLoader` with the same generator and `num_workers=0`. Batches are the caller's to keep: memory is used again
/// only where nobody holds a tensor of it any more.
///
/// A loader is used from one thread, and kept in a variable: in `for (auto& b : *tx::make_loader(…))` C++20 destroys it
/// before the first batch. Destroying it never waits for a blocked dataset for more than a second.
class DataLoader {
 public:
  DataLoader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
  DataLoader(std::shared_ptr<const StreamDataset> dataset, LoaderOptions options);
  ~DataLoader();
  DataLoader(const DataLoader&) = delete;
  DataLoader& operator=(const DataLoader&) = delete;

  /// Batches per epoch: Python's `len(loader)`. Throws for a stream, as there.
  int64_t size() const;
  /// Throws for a stream.
  const Dataset& dataset() const;
  const LoaderOptions& options() const;

  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    /// The batch. Getting it, or comparing with `end()`, is what reads it: throws `SampleError`, after which `++` leads
    /// to the next batch, and `LoaderTimeout`, after which there is none.
    const Batch& operator*() const { return get(); }
    const Batch* operator->() const { return &get(); }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !get().data.defined(); }

   private:
    friend class DataLoader;
    explicit Iterator(DataLoader& loader) : loader_(&loader) {}
    const Batch& get() const;
    DataLoader* loader_;
    mutable Batch batch_;
    mutable bool fetched_ = false;
  };

  /// Starts the next epoch, or goes on with the one that `load_state_dict` set. Ends the one under way.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

  /// Where the loader stands, and back there: the batches that follow are the same, bit for bit, in this process or
  /// another, with any number of workers. A stream passes over what was read; all else takes no time.
  LoaderState state_dict() const;
  void load_state_dict(const LoaderState& state);

  /// Moves on to the start of epoch `epoch`, counted from `seed`, as if that many epochs had been read. With another
  /// generator, only the number changes.
  void seek_epoch(int64_t epoch);

  LoaderMetrics metrics() const;
  /// Samples that were skipped or substituted in the epoch under way, or the last.
  const std::vector<SampleError>& errors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A loader over `dataset`. Throws a `c10::ValueError` that names the option for options that don't go together.
std::shared_ptr<DataLoader> make_loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options = {});
std::shared_ptr<DataLoader> make_loader(std::shared_ptr<const StreamDataset> dataset, LoaderOptions options = {});

}  // namespace torch_ext

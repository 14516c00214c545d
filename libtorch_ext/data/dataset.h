#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "libtorch_ext/data/batch.h"
#include "libtorch_ext/data/random.h"
#include "libtorch_ext/data/rows.h"

namespace torch_ext {

/// Samples by index: Python's map-style `Dataset`.
///
/// A dataset has `get`, and is then read sample by sample:
///
///     struct Squares : tx::Dataset {
///       int64_t size() const override { return 100; }
///       tx::Sample get(int64_t i, tx::Random&) const override { return {torch::tensor(i), torch::tensor(i * i)}; }
///     };
///
/// or, where all samples agree in shape and speed counts, `fields` and `read`, which writes samples straight into
/// the batch that the loader hands out. Each of `get` and `read` has a default that calls the other.
///
/// All functions are called from several threads at once. What is random in a sample comes from the `Random` that is
/// passed: then every number of workers gives the same samples.
class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Number of samples.
  virtual int64_t size() const = 0;

  /// What a sample consists of, where all samples agree in it; none: each sample has its own shapes, known by `get`.
  virtual std::vector<Field> fields() const { return {}; }

  /// Sample `index` in [0, size()), in new tensors.
  virtual Sample get(int64_t index, Random& random) const;

  /// Writes samples into rows of a batch, every byte of them. Called only where there are `fields`.
  virtual void read(const Rows& rows) const;

  /// What a user calls sample `index`, for messages: its file, mostly. Empty: it has but its index.
  virtual std::string name(int64_t index) const {
    (void)index;
    return {};
  }
};

/// The dataset's name for a sample, else "sample 7".
std::string name_or_index(const Dataset& dataset, int64_t index);

/// The samples at `indices` as one batch; what is random in them is drawn from `seed`. Throws a `ShapeError`
/// that names two samples where their shapes differ, a `c10::IndexError` for an index out of range.
Batch get_batch(const Dataset& dataset, std::span<const int64_t> indices, uint64_t seed = 0);

/// Joins samples along a new first dimension: Python's `default_collate`. Throws a `ShapeError`
/// (`shape_error.h`) with the field and the two shapes where they differ.
Batch default_collate(const std::vector<Sample>& samples);

}  // namespace torch_ext

#pragma once

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libtorch_ext/data/random.h"

namespace torch_ext {

/// One tensor of every sample.
struct Field {
  std::string name;  ///< "image", "label", a column's heading
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;  ///< of one sample, without the batch's dimension

  bool operator==(const Field&) const = default;
};

/// The elements and bytes of one sample of that field.
int64_t numel(const Field& field);
size_t nbytes(const Field& field);

/// Where some samples go: rows of a batch that is being filled, and which samples they are. Views only; cheap to copy.
///
///     void read(const tx::Rows& rows) const override {
///       for (int64_t row = 0; row < rows.size(); ++row) {
///         std::copy_n(pixels(rows.index(row)), 784, rows.at<float>(0, row));
///         *rows.at<int64_t>(1, row) = label(rows.index(row));
///       }
///     }
class Rows {
 public:
  /// A field's memory: row 0, and bytes from one row to the next.
  struct Column {
    std::byte* data = nullptr;
    size_t stride = 0;
  };

  /// `seed`: the epoch's.
  Rows(std::span<const int64_t> indices, std::span<const Column> columns, uint64_t seed)
      : indices_(indices), keys_(indices), columns_(columns), seed_(seed) {}

  int64_t size() const { return static_cast<int64_t>(indices_.size()); }
  /// The sample that row `row` is for, in [0, dataset.size()).
  int64_t index(int64_t row) const { return indices_[static_cast<size_t>(row)]; }
  std::span<const int64_t> indices() const { return indices_; }

  /// Field `field` of row `row`: contiguous, row-major.
  template <class T>
  T* at(size_t field, int64_t row) const {
    const Column& column = columns_[field];
    return reinterpret_cast<T*>(column.data + static_cast<size_t>(row + first_) * column.stride);
  }
  /// Fields there are.
  size_t fields() const { return columns_.size(); }
  /// The sample's own random numbers, from their start.
  Random random(int64_t row) const { return {seed_, static_cast<uint64_t>(keys_[static_cast<size_t>(row)])}; }

  /// Rows [first, first + count).
  Rows slice(int64_t first, int64_t count) const;
  /// The same rows for the samples `indices` of another dataset; their random numbers stay.
  Rows with_indices(std::span<const int64_t> indices) const;
  /// The same rows, of the fields [first, first + count) only.
  Rows with_fields(size_t first, size_t count) const;

 private:
  std::span<const int64_t> indices_;
  std::span<const int64_t> keys_;
  std::span<const Column> columns_;
  uint64_t seed_;
  int64_t first_ = 0;
};

}  // namespace torch_ext

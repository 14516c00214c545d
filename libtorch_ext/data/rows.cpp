#include "libtorch_ext/data/rows.h"

#include <c10/util/Exception.h>

#include <functional>
#include <numeric>

namespace torch_ext {

int64_t numel(const Field& field) {
  return std::accumulate(field.shape.begin(), field.shape.end(), int64_t{1}, std::multiplies<>());
}

size_t nbytes(const Field& field) { return static_cast<size_t>(numel(field)) * c10::elementSize(field.dtype); }

Rows Rows::slice(int64_t first, int64_t count) const {
  Rows rows = *this;
  rows.indices_ = indices_.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  rows.keys_ = keys_.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  rows.first_ += first;
  return rows;
}

Rows Rows::with_indices(std::span<const int64_t> indices) const {
  TORCH_INTERNAL_ASSERT(indices.size() == indices_.size());
  Rows rows = *this;
  rows.indices_ = indices;
  return rows;
}

Rows Rows::with_fields(size_t first, size_t count) const {
  Rows rows = *this;
  rows.columns_ = columns_.subspan(first, count);
  return rows;
}

}  // namespace torch_ext

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "libtorch_ext/data/dataset.h"

namespace torch_ext {

/// Fills `rows` from `dataset`, in which the sample of index i has the index `index_of(i)`. Takes no memory: goes by
/// pieces that fit on the stack.
template <class IndexOf>
void read_mapped(const Dataset& dataset, const Rows& rows, const IndexOf& index_of) {
  std::array<int64_t, 256> indices;
  constexpr auto kPiece = static_cast<int64_t>(indices.size());
  for (int64_t first = 0; first < rows.size(); first += kPiece) {
    const Rows piece = rows.slice(first, std::min(kPiece, rows.size() - first));
    std::ranges::transform(piece.indices(), indices.begin(), index_of);
    dataset.read(piece.with_indices(std::span(indices).first(piece.indices().size())));
  }
}

}  // namespace torch_ext

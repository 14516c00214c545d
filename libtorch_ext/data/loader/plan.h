#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace torch_ext::loading {

/// An epoch's samples and how they fall into batches.
struct Plan {
  std::vector<int64_t> indices;
  std::vector<int64_t> ends;  ///< of the batches, where they are of different sizes; else:
  int64_t batch_size = 1;
  int64_t batches = 0;

  std::span<const int64_t> batch(int64_t number) const {
    const int64_t first = ends.empty() ? number * batch_size : number == 0 ? 0 : ends[static_cast<size_t>(number - 1)];
    const int64_t end = ends.empty() ? std::min(first + batch_size, static_cast<int64_t>(indices.size()))
                                     : ends[static_cast<size_t>(number)];
    return std::span(indices).subspan(static_cast<size_t>(first), static_cast<size_t>(end - first));
  }
};

}  // namespace torch_ext::loading

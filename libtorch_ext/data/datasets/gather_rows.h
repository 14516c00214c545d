#pragma once

#include <cstddef>

#include "libtorch_ext/data/rows.h"

namespace torch_ext {

/// Fills field `field` of `rows` from memory where sample i lies at `samples + i * size`, `size` bytes long.
/// Samples that come soon are fetched ahead, which doubles the speed of small ones in random order.
void gather_rows(const Rows& rows, size_t field, const std::byte* samples, size_t size);

}  // namespace torch_ext

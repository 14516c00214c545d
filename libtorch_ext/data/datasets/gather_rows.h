#pragma once

#include <cstddef>

#include "libtorch_ext/data/rows.h"

namespace torch_ext {

/// Fills field `field` of `rows` from memory where sample i lies at `samples + i * size`, `size` bytes long.
/// Samples that come soon are fetched ahead: small ones in random order take two thirds of the time.
void gather_rows(const Rows& rows, size_t field, const std::byte* samples, size_t size);

}  // namespace torch_ext

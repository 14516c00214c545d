#pragma once

#include <cstdint>
#include <vector>

#include "libtorch_ext/data/loader/slot.h"

namespace torch_ext::loading {

/// Gives the slot tensors of `rows` samples. Those that it has serve again where they are large enough and nobody else
/// holds them or a view of them; what the caller keeps is the caller's, and new ones take its place.
void provide_memory(Slot& slot, const std::vector<Field>& fields, int64_t rows, bool pin_memory);

/// The slot's first `rows` rows as a batch.
Batch batch_of(const Slot& slot, int64_t rows);

/// Closes the gaps of the rows that failed (ascending), and returns how many rows are left.
int64_t drop_rows(Slot& slot, const std::vector<int64_t>& failed, int64_t rows);

}  // namespace torch_ext::loading

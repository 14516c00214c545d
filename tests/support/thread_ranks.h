#pragma once

#include <functional>

#include "libtorch_ext/parallel/process_group.h"

namespace torch_ext::testing {

/// Runs `rank` on `size` threads of this process, each with its group over Gloo, as if they were processes. Throws
/// what the first of them threw.
void run_ranks(int size, const std::function<void(const ProcessGroup& group)>& rank);

}  // namespace torch_ext::testing

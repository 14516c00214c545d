#pragma once

#include "libtorch_ext/data/loader_options.h"

namespace torch_ext::loading {

/// Throws a `c10::ValueError` for options that are out of range or don't go together.
void check_options(const LoaderOptions& options, bool is_stream);

}  // namespace torch_ext::loading

#pragma once

#include <optional>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// The tensor that Python's `function(*args)` would return, for the functions that pickles of tensors and parameters
/// call: torch._utils._rebuild_tensor, _v2, _v3, _rebuild_parameter, and their forms with Python attributes, which
/// are dropped.
///
/// Nothing for any other function, and where the tensor is more than a view of its storage: it is marked as
/// conjugated or negated, or its data is no plain tensor. Throws `std::invalid_argument` for arguments that these
/// functions don't take and for a view that reaches beyond its storage.
std::optional<Tensor> rebuild_tensor(const Global& function, const Tuple& args);

}  // namespace torch_ext::formats

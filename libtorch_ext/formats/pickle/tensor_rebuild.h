#pragma once

#include <optional>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// The tensor that Python's `function(*args)` would return, for the functions and classes that pickles of tensors and
/// parameters call: torch._utils._rebuild_tensor, _v2, _v3, _rebuild_qtensor, _rebuild_parameter, their forms with
/// Python attributes, torch.nn.Parameter and torch.autograd.Variable.
///
/// A tensor that is marked as conjugated or negated gets a storage of its own, in which that is done. Nothing for any
/// other function, and for what is no view of a storage. Throws `std::invalid_argument` for arguments that these
/// functions don't take and for a view that reaches beyond its storage.
std::optional<Tensor> rebuild_tensor(const Global& function, const Tuple& args);

/// `tensor.__setstate__(state)`: attributes, or how PyTorch before 0.4 pickled a Variable. False for any other state.
bool set_tensor_state(Tensor& tensor, const Value& state);

}  // namespace torch_ext::formats

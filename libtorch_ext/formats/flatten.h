#pragma once

#include <string>
#include <vector>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// A tensor and the way to it: dict keys and list indices joined with dots, "optimizer.state.0.momentum_buffer".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// A value and the way to it.
struct NamedValue {
  std::string name;
  Value value;
};

/// All tensors in `root`, in the file's order. A container that is reached in two ways is entered twice; one that
/// contains itself is not entered again. An unknown object's parts count as its arguments' indices, its items, and its
/// attributes; those of a pickled `torch.nn.Module` have the names of its state_dict, those of a sparse tensor
/// Python's (`x.indices`, `x.values`). The name of a tensor that is itself the root is empty.
///
/// Throws `std::length_error` where shared containers multiply to several times of what they hold.
///
///     named_tensors(read_pytorch_zip("model.pt").root)[0].name;   // "conv1.weight"
std::vector<NamedTensor> named_tensors(const Value& root);

/// All tensors and all else in `root`, in the file's order. Objects that are `is_whole` come as one value, also where
/// tensors are in them.
std::vector<NamedValue> named_values(const Value& root, bool (*is_whole)(const Object& object) = nullptr);

/// All but the tensors in `root`: numbers, strings, … What has no names in it comes as one value: lists and tuples of
/// plain values, empty dicts, objects without a tensor.
std::vector<NamedValue> named_leaves(const Value& root);

}  // namespace torch_ext::formats

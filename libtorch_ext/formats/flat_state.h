#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/flatten.h"

namespace torch_ext::formats {

/// A nested value as formats hold it that know names, tensors and texts only: safetensors, the index of shards.
struct FlatState {
  /// Named as `named_tensors` does; in the order of the root, no name twice.
  std::vector<NamedTensor> tensors;
  /// What the root's attribute `__metadata__` says, then all else in the root: strings as they are, other values as
  /// `repr` shows them, cut to 64 KiB. No name twice.
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Flattens `root` for writing `file`, which errors name. Throws `FormatError` where that would lose or mix up
/// something: names that collide ("a.b" beside {"a": {"b": …}}), names that are no UTF-8, tensors that are more than a
/// view of their storage (sparse and quantized ones, which come as objects) or reach beyond it.
FlatState flat_state(const Value& root, const std::string& file);

/// The root's attribute `__metadata__`, in which the texts of a safetensors file's header are kept; null without one.
const Dict* metadata_of(const Value& root);

/// The root's attribute `__metadata__` for `metadata`; nothing where that is empty.
void set_metadata(Dict& root, const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace torch_ext::formats

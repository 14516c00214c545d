#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libtorch_ext/formats/flatten.h"

namespace torch_ext::formats {

/// A value that a format of names, tensors and texts can't hold.
struct Unfit {
  std::string name;
  std::string what;  ///< "a nested tensor", "bytes", "an argparse.Namespace"
};

/// What a root consists of, named as `named_values` does, divided by whether such a format can hold it: tensors, and
/// what reads well as text (numbers, strings, None, dtypes, sizes, paths, and containers of those). What can't:
/// quantized, sparse, nested, meta and uninitialized tensors, storages, arrays of NumPy without a counterpart in
/// PyTorch, bytes, and instances of other classes.
struct FlatValues {
  std::vector<NamedValue> fit;
  std::vector<Unfit> unfit;
};

FlatValues flat_values(const Value& root);

/// "args (an argparse.Namespace), n (a nested tensor)": at most ten of them, then their number.
std::string listed(const std::vector<Unfit>& unfit);

/// A nested value as formats hold it that know names, tensors and texts only: safetensors, the index of shards.
struct FlatState {
  /// Named as `named_tensors` does; in the order of the root, no name twice.
  std::vector<NamedTensor> tensors;
  /// What the root's attribute `__metadata__` says, then all else in the root: strings as they are, other values as
  /// `repr` shows them. No name twice.
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Flattens `root` for writing `file`, which errors name. Throws `FormatError` where that would lose or mix up
/// something: what is unfit, every one by name; texts beyond 64 KiB; names that collide ("a.b" beside {"a": {"b": …}}),
/// names that are no UTF-8, tensors that reach beyond their storage.
FlatState flat_state(const Value& root, const std::string& file);

/// The root's attribute `__metadata__`, in which the texts of a safetensors file's header are kept; null without one.
const Dict* metadata_of(const Value& root);

/// The root's attribute `__metadata__` for `metadata`; nothing where that is empty.
void set_metadata(Dict& root, const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace torch_ext::formats

#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "libtorch_ext/formats/value.h"

namespace torch_ext::formats {

/// Resolves a persistent id: what a pickle has in place of something that is stored beside it. PyTorch's files have
/// `("storage", torch.FloatStorage, key, location, numel)`, for which a `std::shared_ptr<const Storage>` is expected.
using PersistentLoad = std::function<Value(const Value& id)>;

/// What `torch.storage._load_from_bytes(bytes)` returns: a storage in a torch.save stream of its own, which is how a
/// storage is pickled by others than torch.save.
using LoadBytes = std::function<Value(const Bytes& stream)>;

/// Reads one Python pickle of any protocol. Nothing is imported, called or executed:
///
/// - what `collections.OrderedDict`, `_codecs.encode` and torch's functions that rebuild tensors would return comes
///   back as an ordered `Dict`, `Bytes` and `Tensor`; so do NumPy's arrays and scalars of numbers;
/// - any other class or function is a `Global`, and what it would have built an `Object`; sets and `torch.Size`, too.
///
/// `file` is named in errors, which say at which byte of the pickle. Throws `FormatError` for damaged and hostile
/// pickles; neither the call stack nor memory grow out of proportion to `pickle`.
///
/// Without `load_bytes` storages in streams of their own stay inert.
Value read_pickle(std::span<const std::byte> pickle, const std::string& file, const PersistentLoad& persistent_load,
                  const LoadBytes& load_bytes = {});

}  // namespace torch_ext::formats

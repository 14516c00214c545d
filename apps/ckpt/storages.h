#pragma once

#include <cstdint>
#include <set>

#include "libtorch_ext/formats/tensor.h"

namespace ckpt {

/// The storages of a file's tensors; one that several tensors share counts once.
struct Storages {
  std::set<const torch_ext::formats::Storage*> seen;
  uint64_t bytes = 0;

  /// Whether the tensor's storage is a new one.
  bool add(const torch_ext::formats::Tensor& tensor) {
    const bool is_new = seen.insert(tensor.storage.get()).second;
    if (is_new) bytes += tensor.storage->size();
    return is_new;
  }
};

}  // namespace ckpt

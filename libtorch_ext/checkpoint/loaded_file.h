#pragma once

#include <string>

#include "libtorch_ext/checkpoint/tensor_value.h"

namespace torch_ext {

/// What a file held, and which file it was, so that later errors can name it.
struct LoadedFile {
  std::string path;
  Value root;

  /// The entries below read `root` as a dictionary and throw a `CheckpointError` that names file and key when the
  /// key is missing or holds something else.
  const Value& at(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  /// The value under `key`, or null where there is none.
  const Value* find(const std::string& key) const;
};

}  // namespace torch_ext

#pragma once

#include <string>

#include "libtorch_ext/formats/tensor_file.h"

namespace ckpt {

/// `write_tensor_file` for the file that a user names: makes its folder where there is none, and takes it away again
/// where writing fails.
void write_out(const torch_ext::formats::Value& root, const std::string& path,
               const torch_ext::formats::WriteOptions& options = {});

}  // namespace ckpt

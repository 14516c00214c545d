#pragma once

#include <string>

namespace torch_ext::formats {

/// Throws `FormatError` unless the file at `path` begins like a zip archive. The message says what it is instead, as
/// far as its first bytes tell: a legacy file of torch.save, safetensors, text, empty, …
void check_is_pytorch_zip(const std::string& path);

}  // namespace torch_ext::formats

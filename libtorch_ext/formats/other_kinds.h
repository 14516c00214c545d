#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace torch_ext::formats {

/// What a file is that holds no tensors that can be read, and what to do about it: the end of an error message. Told by
/// its first bytes (a Git LFS pointer, a web page, GGUF, HDF5, gzip, text, …) and the end of its name.
std::string describe_other_file(const std::string& path, std::span<const std::byte> bytes);

/// The same of a folder: of torch.distributed.checkpoint, of Hugging Face, a file of torch.save unpacked, …
std::string describe_folder(const std::string& path);

}  // namespace torch_ext::formats

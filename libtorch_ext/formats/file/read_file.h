#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace torch_ext::formats {

/// A whole file as bytes in `memory`, which grows where it must and is used again: for many small files, one after
/// another, cheaper than mapping each. Throws `FormatError` for anything but a readable regular file, and for one that
/// got shorter meanwhile.
///
///     std::vector<std::byte> memory;
///     for (const auto& path : paths) decode(read_file(path, memory));
std::span<const std::byte> read_file(const std::string& path, std::vector<std::byte>& memory);

}  // namespace torch_ext::formats

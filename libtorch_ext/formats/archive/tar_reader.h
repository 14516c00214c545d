#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace torch_ext::formats {

/// The regular files in a tar archive, by name; views of `archive`. A name that appears again replaces the one before,
/// as it does when tar unpacks. `file` is named in errors.
///
/// Format: 512-byte headers with octal numbers, each file's bytes padded to a multiple of 512, GNU's and POSIX's
/// extensions for large files. Source: POSIX.1-2001, pax, "ustar Interchange Format" and "pax Interchange Format".
/// Throws `FormatError` for a damaged archive.
std::unordered_map<std::string_view, std::span<const std::byte>> read_tar(std::span<const std::byte> archive,
                                                                          const std::string& file);

/// A regular file in a tar archive.
struct TarMember {
  std::string name;                  ///< with its folders: "train/0001.jpg"
  std::span<const std::byte> bytes;  ///< a view of the archive
};

/// The same files in their order, each that is there, by their full names: with ustar's prefix, pax's path and GNU's
/// long names.
std::vector<TarMember> tar_members(std::span<const std::byte> archive, const std::string& file);

}  // namespace torch_ext::formats

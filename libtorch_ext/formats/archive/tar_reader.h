#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace torch_ext::formats {

/// A regular file in a tar archive.
struct TarMember {
  std::string name;                  ///< with its folders: "train/0001.jpg"
  std::span<const std::byte> bytes;  ///< a view of the archive, or of `unpacked`
  /// The bytes of a sparse file, its holes filled; null for any other.
  std::shared_ptr<const std::vector<std::byte>> unpacked = nullptr;
};

/// The regular files in a tar archive in their order, each that is there, by their full names. `file` is named in
/// errors. A hard link is the member that it leads to, a symbolic link the one before or after; one that leads to none
/// is an error, one that leads to a folder is passed over, as are folders, devices and pipes.
///
/// Read as Python's tarfile does: the archive ends with the first block of zeros, or with the file where that is
/// missing; what follows that block is no part of it (padding, a second archive). But what tarfile passes over is an
/// error: a header that is cut or damaged. Throws `FormatError` for it, and for a file that is cut.
///
/// Format: 512-byte headers with octal numbers, each file's bytes padded to a multiple of 512; names by ustar's prefix,
/// pax's path and GNU's long names; GNU's large numbers; GNU's sparse files, old, 0.0, 0.1 and 1.0. Sparse files whose
/// holes take more than 32 MiB are refused. Source: POSIX.1-2001, pax, "ustar Interchange Format" and "pax Interchange
/// Format"; GNU tar's manual, "Basic Tar Format" and "Storing Sparse Files".
std::vector<TarMember> tar_members(std::span<const std::byte> archive, const std::string& file);

/// Whether a file begins as a tar archive does: with a header whose checksum is right.
bool begins_with_tar_header(std::span<const std::byte> bytes);

}  // namespace torch_ext::formats

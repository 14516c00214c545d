#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torch_ext::formats {

/// Writes a file under a temporary name in the same folder and puts it in place with one rename, so that the old
/// content stays readable until the new one is complete. A destroyed, uncommitted file removes its temporary.
///
/// The new file has the mode of the old one, or that of any new file. A symbolic link is followed, not replaced.
///
///     AtomicFile file("model.pt");
///     file.write(bytes);
///     file.commit();   // fsync, rename, fsync of the folder
class AtomicFile {
 public:
  /// Creates the temporary. Throws `FormatError`, also where `path` is a folder or a device.
  /// `progress`, if any, is called with the number of bytes whenever some are written.
  explicit AtomicFile(std::string path, std::function<void(size_t bytes)> progress = {});
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends; small pieces are gathered. Throws `FormatError` (a full disk, a vanished folder); the target is
  /// untouched then.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// Puts the file in place; nothing can be written after. `durable`: fsync file and folder, so that it also outlives a
  /// power cut.
  void commit(bool durable = true);

  /// Bytes written so far.
  size_t size() const { return size_; }

 private:
  void flush();
  void write_now(std::span<const std::byte> bytes);

  std::string path_;
  std::string temporary_;
  std::function<void(size_t)> progress_;
  std::vector<std::byte> gathered_;
  int fd_ = -1;
  size_t size_ = 0;
};

/// The name of the file that a temporary of the name `name` would have become; empty for any other name.
std::string_view target_of_temporary(std::string_view name);

/// Removes the temporaries of `path` that killed processes left behind. Not to be called while another process
/// writes `path`.
void remove_leftovers(const std::string& path);

}  // namespace torch_ext::formats

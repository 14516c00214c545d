#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace torch_ext::formats {

/// Writes a file beside its place and puts it there whole, so that the old content stays readable until the new one is
/// complete. A destroyed, uncommitted file leaves nothing behind.
///
/// Until then the new file has no name (`O_TMPFILE`), so that a killed process leaves nothing behind either. It gets
/// one,
/// `<path>.tmp-<pid>-<n>`, for the moment in which an old file is replaced; on file systems that know no files without
/// a name, from the start. The file is locked while its writer lives, and what killed writers left of `path` is removed
/// by the next one.
///
/// The new file has the mode of the old one, or that of any new file. A symbolic link is followed, not replaced.
///
///     AtomicFile file("model.pt");
///     file.write(bytes);
///     file.commit();   // fsync, link or rename, fsync of the folder
class AtomicFile {
 public:
  /// Creates the new file. Throws `FormatError`, also where `path` is a folder or a device.
  /// `progress`, if any, is called with the number of bytes whenever some are written.
  explicit AtomicFile(std::string path, std::function<void(size_t bytes)> progress = {});
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  /// Appends; small pieces are gathered. Throws `FormatError` (a full disk, a vanished folder); the target is
  /// untouched then.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// Writes out all that was gathered; nothing can be written after. `durable`: fsync.
  void finish(bool durable = true);

  /// Finishes, unless that was done, and puts the file in place. `durable`: fsync file and folder, so that it also
  /// outlives a power cut.
  void commit(bool durable = true);

  /// Bytes written so far.
  size_t size() const { return size_; }

 private:
  void flush();
  void write_now(std::span<const std::byte> bytes);

  void put_in_place();

  std::string path_;
  std::string temporary_;  ///< empty while the file has no name
  std::function<void(size_t)> progress_;
  std::vector<std::byte> gathered_;
  int fd_ = -1;
  size_t size_ = 0;
  bool is_finished_ = false;
};

/// The name of the file that a temporary of the name `name` would have become; empty for any other name.
std::string_view target_of_temporary(std::string_view name);

/// Removes the temporaries of `path` that killed processes left behind; those of living ones stay where the file system
/// has locks. Not to be called while another process writes `path` where it has none.
void remove_leftovers(const std::string& path);

}  // namespace torch_ext::formats

#pragma once

#include <string>

namespace torch_ext::formats {

/// Keeps a second process, and a second lock of this one, out of a folder: an exclusive `flock` on `FOLDER/.lock`.
///
/// The kernel gives the lock back when the process ends, however it ends: after `kill -9` a `.lock` may be left, but
/// no lock. A child made by `fork` shares it and holds it on. It binds only those who ask for it, and nobody who
/// merely reads.
///
///     const FolderLock lock("runs/a");   // throws while another process has it
class FolderLock {
 public:
  /// Writes pid and host into `.lock`, for the message that a second process gets. Throws `FormatError`, which names
  /// the folder and who holds it, or says why there can be no lock: no such folder, a read-only one.
  explicit FolderLock(const std::string& folder);
  /// Removes `.lock`, unless it is another's by now.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// The end of the lock will leave the `.lock` of a dead process as it was found: for a holder that, after all, changed
  /// nothing in the folder.
  void leave_as_found() { leaves_found_ = true; }

  /// Empty, or why nothing is locked: a file system without locks (Lustre mounted without `-o flock`, NFS without its
  /// lock daemon). It is the user who knows whether that matters.
  const std::string& problem() const { return problem_; }

  /// Who locked a folder of that name since, "pid 4711 on host": the locked one was removed, and another made. Empty
  /// as long as nobody has.
  std::string new_holder() const;

 private:
  std::string path_;
  std::string problem_;
  std::string found_;  // what a dead process left in the file
  bool leaves_found_ = false;
  int fd_ = -1;
};

}  // namespace torch_ext::formats

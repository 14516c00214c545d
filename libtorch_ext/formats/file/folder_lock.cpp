#include "libtorch_ext/formats/file/folder_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

int open_retrying(const std::string& path) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

int lock_retrying(int fd) {
  int result = 0;
  do {
    result = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result;
}

/// Whether `path` still names the open file: a holder removes it before letting go.
bool is_in_place(int fd, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

std::string this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return "pid " + std::to_string(::getpid()) + " on " + host.data();
}

void write_holder(int fd, const std::string& holder) {
  const std::string text = holder + "\n";
  // On a full disk the lock holds all the same; only the message is poorer.
  [[maybe_unused]] bool written =
      ::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

/// "pid 4711 on host", or less where the file says less.
std::string holder_of(int fd) {
  std::array<char, 300> content{};
  const ssize_t size = ::pread(fd, content.data(), content.size(), 0);
  std::string text;
  for (ssize_t i = 0; i < size && content[i] != '\n'; ++i) text += content[i] >= ' ' ? content[i] : '?';
  return text;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) : path_((std::filesystem::path(folder) / ".lock").string()) {
  for (;;) {
    fd_ = open_retrying(path_);
    if (fd_ < 0) {
      throw FormatError(path_, std::string("can't be written: ") + std::strerror(errno) + "; choose another folder");
    }
    if (lock_retrying(fd_) != 0) break;
    if (is_in_place(fd_, path_)) {
      found_ = holder_of(fd_);
      write_holder(fd_, this_process());
      return;
    }
    ::close(fd_);
  }
  const int error = errno;
  const std::string holder = holder_of(fd_);
  ::close(fd_);
  if (error == EWOULDBLOCK) {
    throw FormatError(folder, "is in use by another process" + (holder.empty() ? "" : " (" + holder + ")") +
                                  "; end it, or choose another folder");
  }
  problem_ = folder + ": its file system has no locks: " + std::strerror(error);
  ::unlink(path_.c_str());
  fd_ = -1;
}

FolderLock::~FolderLock() {
  if (fd_ < 0) return;
  if (new_holder().empty()) {
    if (leaves_found_ && !found_.empty()) {
      write_holder(fd_, found_);
    } else {
      ::unlink(path_.c_str());
    }
  }
  ::close(fd_);
}

std::string FolderLock::new_holder() const {
  const int named = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (named < 0) return "";
  const std::string holder = holder_of(named);
  ::close(named);
  // Not by inode numbers: some file systems over a network make them up.
  return fd_ < 0 || holder == this_process() ? "" : holder;
}

}  // namespace torch_ext::formats

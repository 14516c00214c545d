#include "libtorch_ext/formats/file/atomic_file.h"

#include <climits>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

constexpr const char* kTemporary = ".tmp-";
constexpr size_t kLongestEnd = 32;  // of a temporary's name
constexpr const char* kNotPlaced = "the new file can't be put in place";
constexpr size_t kGather = 256 * 1024;
// Linux writes at most 2 GiB at a time; smaller calls also stay interruptible.
constexpr size_t kMaxWrite = 64 * 1024 * 1024;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw FormatError(path, std::string(what) + ": " + std::strerror(errno));
}

std::string follow_link(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  auto target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target.string();
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string name_by_descriptor(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// A name for a temporary that this process hasn't used.
std::string temporary_for(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  return path + kTemporary + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

/// Who finds a temporary without a lock takes it for a dead writer's. False where somebody just did.
bool lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

/// A file without a name, in the folder of `path`; -1 where that can't be had, or couldn't be named later.
int create_unnamed(const std::string& path) {
  const int fd = ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0) return fd;
  if (::access(name_by_descriptor(fd).c_str(), F_OK) != 0) {  // there is no /proc
    ::close(fd);
    return -1;
  }
  lock(fd);
  return fd;
}

/// Gives a file without a name one. False, with `errno`, where that is taken or can't be.
bool link_as(int fd, const std::string& path) {
  return ::linkat(AT_FDCWD, name_by_descriptor(fd).c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

/// Whether `path` names the open file.
bool is_named(int fd, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

int create_beside(const std::string& path, std::string& temporary) {
  for (;;) {
    temporary = temporary_for(path);
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && (errno == EEXIST || errno == EINTR)) continue;
    if (fd < 0) return fd;
    if (lock(fd) && is_named(fd, temporary)) return fd;
    ::unlink(temporary.c_str());
    ::close(fd);
  }
}

enum class Unlocked { kKeep, kRemove };

/// Removes a temporary whose writer is dead: the lock on it is free. `unlocked`: what to do where there are no locks.
void remove_if_dead(const std::string& temporary, Unlocked unlocked) {
  constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  int fd = ::open(temporary.c_str(), O_RDWR | kFlags);  // a lock over NFS needs a file open for writing
  if (fd < 0) fd = ::open(temporary.c_str(), O_RDONLY | kFlags);
  if (fd < 0) return;
  const bool is_free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  const bool has_locks = is_free || errno == EWOULDBLOCK;
  if ((is_free || (!has_locks && unlocked == Unlocked::kRemove)) && is_named(fd, temporary)) {
    ::unlink(temporary.c_str());
  }
  ::close(fd);
}

void remove_leftovers_of(const std::string& target, Unlocked unlocked) {
  const std::string name = std::filesystem::path(target).filename().string();
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(target), ignored)) {
    const std::string found = entry.path().filename().string();
    if (target_of_temporary(found) == name) remove_if_dead(entry.path().string(), unlocked);
  }
}

int fsync_retrying(int fd) {
  int result = 0;
  do {
    result = ::fsync(fd);
  } while (result != 0 && errno == EINTR);
  return result;
}

void fsync_folder_of(const std::string& path) {
  const int fd = ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail(path, "its folder can't be opened for fsync");
  const int result = fsync_retrying(fd);
  const int error = errno;
  ::close(fd);
  // Some network file systems have no fsync for folders.
  if (result != 0 && error != EINVAL && error != ENOTSUP) {
    errno = error;
    fail(path, "fsync of its folder failed");
  }
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::function<void(size_t bytes)> progress)
    : path_(follow_link(path)), progress_(std::move(progress)) {
  struct stat old {};
  const bool exists = ::stat(path_.c_str(), &old) == 0;
  if (exists && S_ISDIR(old.st_mode)) throw FormatError(path_, "is a folder, a file is to be written");
  if (exists && !S_ISREG(old.st_mode)) throw FormatError(path_, "is not a regular file and can't be replaced");
  if (std::filesystem::path(path_).filename().string().size() + kLongestEnd > NAME_MAX) {
    errno = ENAMETOOLONG;
    fail(path_, "can't be written");
  }
  remove_leftovers_of(path_, Unlocked::kKeep);
  fd_ = create_unnamed(path_);
  if (fd_ < 0) fd_ = create_beside(path_, temporary_);
  if (fd_ < 0) fail(path_, "can't be written");
  if (exists) ::fchmod(fd_, old.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  ::close(fd_);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      progress_(std::move(other.progress_)),
      gathered_(std::move(other.gathered_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      is_finished_(other.is_finished_) {}

void AtomicFile::write(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  if (gathered_.size() + bytes.size() > kGather) flush();
  if (bytes.size() >= kGather) return write_now(bytes);
  if (gathered_.capacity() == 0) gathered_.reserve(kGather);
  gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::flush() {
  write_now(gathered_);
  gathered_.clear();
}

void AtomicFile::write_now(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), std::min(bytes.size(), kMaxWrite));
    if (written >= 0) {
      if (progress_) progress_(static_cast<size_t>(written));
      bytes = bytes.subspan(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      fail(path_, "writing failed");
    }
  }
}

void AtomicFile::finish(bool durable) {
  if (is_finished_) return;
  flush();
  if (durable && fsync_retrying(fd_) != 0) fail(path_, "fsync failed");
  is_finished_ = true;
}

void AtomicFile::commit(bool durable) {
  finish(durable);
  put_in_place();
  // From here on the destructor has nothing to remove.
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) fail(path_, "closing failed");
  if (durable) fsync_folder_of(path_);
}

void AtomicFile::put_in_place() {
  if (temporary_.empty()) {
    if (link_as(fd_, path_)) return;
    // A link can't replace a file, only a rename can.
    while (errno == EEXIST) {
      temporary_ = temporary_for(path_);
      if (link_as(fd_, temporary_)) break;
      if (errno != EEXIST) temporary_.clear();
    }
    if (temporary_.empty()) fail(path_, kNotPlaced);
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, kNotPlaced);
}

std::string_view target_of_temporary(std::string_view name) {
  const size_t end = name.rfind(kTemporary);
  return end == name.npos ? "" : name.substr(0, end);
}

void remove_leftovers(const std::string& path) { remove_leftovers_of(follow_link(path), Unlocked::kRemove); }

}  // namespace torch_ext::formats

#include "libtorch_ext/formats/file/atomic_file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {
namespace {

constexpr const char* kTemporary = ".tmp-";
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

int create_beside(const std::string& path, std::string& temporary) {
  static std::atomic<unsigned> counter{0};
  for (;;) {
    temporary = path + kTemporary + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || (errno != EEXIST && errno != EINTR)) return fd;
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
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
  fd_ = create_beside(path_, temporary_);
  if (fd_ < 0) fail(path_, "can't be written");
  if (exists) ::fchmod(fd_, old.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

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

void AtomicFile::commit(bool durable) {
  flush();
  if (durable && fsync_retrying(fd_) != 0) fail(path_, "fsync failed");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "the new file can't be put in place");
  // From here on the destructor has nothing to remove.
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) fail(path_, "closing failed");
  if (durable) fsync_folder_of(path_);
}

std::string_view target_of_temporary(std::string_view name) {
  const size_t end = name.rfind(kTemporary);
  return end == name.npos ? "" : name.substr(0, end);
}

void remove_leftovers(const std::string& path) {
  const std::filesystem::path target = follow_link(path);
  const std::string name = target.filename().string();
  const auto folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string found = entry.path().filename().string();
    if (target_of_temporary(found) == name) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace torch_ext::formats

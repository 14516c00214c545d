#include "libtorch_ext/formats/file/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "libtorch_ext/core/error.h"

namespace torch_ext::formats {
namespace {

[[noreturn]] void throw_append_error(const std::string& path, const char* what) {
  throw Error(path + ": can't " + what + ": " + std::strerror(errno));
}

}  // namespace

AppendFile::AppendFile(std::string path, int flags, const char* what) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), flags | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_append_error(path_, what);
  size_ = ::lseek(fd_, 0, SEEK_END);
}

AppendFile AppendFile::open(std::string path) { return {std::move(path), 0, "be written"}; }

AppendFile AppendFile::create(std::string path) { return {std::move(path), O_CREAT | O_EXCL, "be made"}; }

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

void AppendFile::append(std::string_view record) {
  for (size_t done = 0; done < record.size();) {
    const ssize_t count = ::write(fd_, record.data() + done, record.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      [[maybe_unused]] const int ignored = ::ftruncate(fd_, size_);
      errno = error;
      throw_append_error(path_, "be written");
    }
    done += static_cast<size_t>(count);
  }
  size_ += static_cast<int64_t>(record.size());
}

void AppendFile::flush() {
  if (::fdatasync(fd_) != 0) throw_append_error(path_, "be brought to the disk");
}

}  // namespace torch_ext::formats

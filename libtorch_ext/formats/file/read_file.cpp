#include "libtorch_ext/formats/file/read_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libtorch_ext/formats/error.h"
#include "libtorch_ext/formats/file/regular_file.h"

namespace torch_ext::formats {
namespace {

struct OpenFile {
  int fd;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
};

[[noreturn]] void fail(const std::string& path, int error) {
  throw FormatError(path, std::string("can't be read: ") + std::strerror(error));
}

}  // namespace

std::span<const std::byte> read_file(const std::string& path, std::vector<std::byte>& memory) {
  // O_NONBLOCK: a named pipe must not hang the open.
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0) fail(path, errno);
  check_is_regular_file(path, info.st_mode);
  const auto size = static_cast<size_t>(info.st_size);
  if (memory.size() < size) memory.resize(size);
  for (size_t done = 0; done < size;) {
    const ssize_t count = ::read(file.fd, memory.data() + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, errno);
    if (count == 0) {
      throw FormatError(path, "ends after " + std::to_string(done) + " bytes, expected " + std::to_string(size) +
                                  "; was it replaced while it was read?");
    }
    done += static_cast<size_t>(count);
  }
  return std::span(memory).first(size);
}

}  // namespace torch_ext::formats

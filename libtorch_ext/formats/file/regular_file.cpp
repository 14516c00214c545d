#include "libtorch_ext/formats/file/regular_file.h"

#include <sys/stat.h>

#include "libtorch_ext/formats/error.h"

namespace torch_ext::formats {

void check_is_regular_file(const std::string& path, mode_t mode) {
  if (S_ISREG(mode)) return;
  if (S_ISDIR(mode)) throw FormatError(path, "is a folder, a file is expected");
  if (S_ISFIFO(mode))
    throw FormatError(path, "is a pipe, a file is expected; write what comes out of it to a file first");
  const bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
  throw FormatError(path, std::string(is_device ? "is a device" : "is a socket") + ", a file is expected");
}

}  // namespace torch_ext::formats

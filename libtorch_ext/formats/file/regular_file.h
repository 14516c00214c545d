#pragma once

#include <string>
#include <sys/types.h>

namespace torch_ext::formats {

/// Throws `FormatError` where `mode`, as stat tells it of `path`, is that of anything but a regular file, saying what
/// it is: a folder, a pipe, a device.
void check_is_regular_file(const std::string& path, mode_t mode);

}  // namespace torch_ext::formats

#pragma once

#include <string>
#include <string_view>

namespace torch_ext::formats {

/// What lies in the place of a file that was never fetched, or not to its end, and what to do, as far as its first bytes
/// tell: the end of an error message. Empty for all others.
///
///     "is a Git LFS pointer, not the file; `git lfs pull` fetches the file"
///     "is a web page ('Sign in'), not the file: its address leads to a page about it, or asks for a login; download the
///      file itself"
///     "is the answer of a server that couldn't give the file: 'AccessDenied'"
std::string stand_in(std::string_view head);

}  // namespace torch_ext::formats

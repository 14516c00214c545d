#pragma once

#include <string>
#include <string_view>

namespace torch_ext::formats {

/// What lies in the place of a file that was never fetched, as far as its first bytes tell, with what to do; empty for
/// all others. The subject is the file:
///
///     "is a pointer of Git LFS, not the file itself; run: git lfs pull"
///     "is a web page, not the file itself; fetch it again and look at what the server says"
std::string stand_in(std::string_view head);

}  // namespace torch_ext::formats

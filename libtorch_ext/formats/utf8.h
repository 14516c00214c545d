#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace torch_ext::formats {

/// Whether `text` is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// Appends a code point, also a lone surrogate, as Python's "surrogatepass" does. Throws `std::invalid_argument` beyond
/// U+10FFFF.
void append_utf8(std::string& out, uint32_t code_point);

}  // namespace torch_ext::formats

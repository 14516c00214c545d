#pragma once

#include <string_view>

namespace torch_ext::formats {

/// The name of the encoding of a text that isn't UTF-8: "UTF-16", "UTF-32" (told by their marks or, in Latin letters,
/// by their zeros) or "Latin-1, Windows-1252 or another encoding"; empty where it is UTF-8.
std::string_view foreign_encoding(std::string_view text);

/// The same from the text's first bytes alone, which tell only UTF-16 and UTF-32.
std::string_view wide_encoding(std::string_view text);

}  // namespace torch_ext::formats

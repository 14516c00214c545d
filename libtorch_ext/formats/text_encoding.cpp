#include "libtorch_ext/formats/text_encoding.h"

#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {

using namespace std::string_view_literals;

std::string_view wide_encoding(std::string_view text) {
  if (text.starts_with("\xff\xfe\0\0"sv) || text.starts_with("\0\0\xfe\xff"sv)) return "UTF-32";
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return "UTF-16";
  int zeros = 0;  // of the first four bytes, a bit each
  for (size_t i = 0; i < 4; ++i) zeros = zeros << 1 | (i >= text.size() || text[i] == '\0' ? 1 : 0);
  if (text.size() < 4) return text.size() == 2 && (zeros == 0b0111 || zeros == 0b1011) ? "UTF-16" : "";
  if (zeros == 0b0111 || zeros == 0b1110) return "UTF-32";
  return zeros == 0b0101 || zeros == 0b1010 ? "UTF-16" : "";
}

std::string_view foreign_encoding(std::string_view text) {
  if (const auto wide = wide_encoding(text); !wide.empty()) return wide;
  return is_utf8(text) ? "" : "Latin-1, Windows-1252 or another encoding";
}

}  // namespace torch_ext::formats

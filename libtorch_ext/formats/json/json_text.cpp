#include "libtorch_ext/formats/json/json_text.h"

#include <stdexcept>

#include "libtorch_ext/formats/repr.h"
#include "libtorch_ext/formats/utf8.h"

namespace torch_ext::formats {

void append_json(std::string& out, std::string_view text) {
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kEscapes = "\"\\bfnrt";
  constexpr char kHex[] = "0123456789abcdef";
  if (!is_utf8(text)) throw std::invalid_argument("the text " + repr(Value(text), 80) + " is no UTF-8");
  out += '"';
  for (const char c : text) {
    const size_t escape = kEscaped.find(c);
    if (escape != kEscaped.npos)
      (out += '\\') += kEscapes[escape];
    else if (static_cast<unsigned char>(c) < 0x20)
      ((out += "\\u00") += kHex[c >> 4]) += kHex[c & 15];
    else
      out += c;
  }
  out += '"';
}

}  // namespace torch_ext::formats
